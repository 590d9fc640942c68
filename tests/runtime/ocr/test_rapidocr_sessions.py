from types import SimpleNamespace

import numpy as np
import pytest
from rapidocr.ch_ppocr_det.utils import DetPreProcess

from kdxf_runtime.ocr.rapidocr_sessions import KEPT_PIXELS, KeptMemory, PreProcess


@pytest.mark.parametrize("shape", [(40, 70), (33, 500), (64, 64)])
@pytest.mark.parametrize("numbers", [([0.5] * 3, [0.5] * 3), ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
def test_the_numbers_of_rapidocr(shape, numbers):
    theirs = DetPreProcess(300, "max", *numbers)
    picture = np.random.default_rng(0).integers(256, size=(*shape, 3), dtype=np.uint8)
    expected = theirs(picture)
    found = PreProcess(theirs)(picture)
    assert found.dtype == expected.dtype and found.flags.c_contiguous
    np.testing.assert_array_equal(found, expected)


def test_a_picture_that_is_too_small():
    theirs = DetPreProcess(300, "max")
    assert theirs(np.zeros((1, 1, 3), np.uint8)) is PreProcess(theirs)(np.zeros((1, 1, 3), np.uint8)) is None


def test_memory_is_given_back_after_a_large_picture():
    calls = []

    def run(outputs, inputs, options):
        calls.append(options and options.get_run_config_entry("memory.enable_memory_arena_shrinkage"))
        return [(outputs, *inputs), "another output"]

    inner = SimpleNamespace(run=run)
    network = KeptMemory(
        SimpleNamespace(session=inner, get_input_names=lambda: ["x"], get_output_names=lambda: ["y", "z"])
    )
    assert network.session is inner
    assert network(np.zeros((1, 3, 1, KEPT_PIXELS), np.uint8)) == (["y", "z"], "x")
    network(np.zeros((1, 3, 1, KEPT_PIXELS + 1), np.uint8))
    assert calls == [None, "cpu:0"]
