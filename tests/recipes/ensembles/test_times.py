import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions, write_predictions
from kdxf.io.provenance import Provenance
from kdxf.recipes.ensembles.members import make_units
from kdxf.recipes.ensembles.times import Times, read_times

TIMES = Times(["a", "b", "c"], np.array([10.0, 20.0, 5.0]), np.array([True, True, False]), 80.0)


@pytest.mark.parametrize(
    ("chosen", "cost"),
    [([1, 0, 0], 90), ([1, 1, 0], 110), ([1, 1, 1], 115), ([0, 0, 1], 5), ([0, 0, 0], 0)],
)
def test_text_is_read_once(chosen, cost):
    assert TIMES.of(np.array(chosen, bool)) == cost


def test_description():
    assert TIMES.describe(np.array([True, False, True])) == "95 ms per image: a 10, c 5, OCR 80"
    assert TIMES.describe(np.array([False, False, True])) == "5 ms per image: c 5"


def note(predict, ocr=None, takes_text=False):
    return {"predict": predict, "ocr": ocr, "takes_text": takes_text}


@pytest.fixture
def units(tmp_path):
    """A function that makes units of files with the given notes."""

    def make(groups=(), **notes):
        files = []
        for name, told in notes.items():
            source = Provenance(details={} if told is None else {"milliseconds": told})
            files.append(tmp_path / f"{name}.parquet")
            write_predictions(
                Predictions(["1.jpg"], np.ones((1, 2), np.float32) / 2, ("x", "y"), source=source), files[-1]
            )
        single = [file for file in files if not any(file.stem in members for _, members in groups)]
        return make_units(single, [(name, [tmp_path / f"{m}.parquet" for m in members]) for name, members in groups])

    return make


def test_files_say_themselves(units):
    found = read_times(units(a=note(10, 70, True), b=note(20, 80, True), c=note(5)))
    assert found.own.tolist() == [10, 20, 5]
    assert found.takes_text.tolist() == [True, True, False]
    assert found.ocr == 80  # the slowest reading


def test_given_times_replace_them(units):
    found = read_times(units(a=note(10, 70, True), b=None, c=None), ["a=4", "b=15+OCR", "c=2", "OCR=60"])
    assert found.own.tolist() == [4, 15, 2]
    assert found.takes_text.tolist() == [True, True, False]
    assert found.ocr == 60
    assert read_times(units(a=note(10, 70, True)), ["OCR=0"]).ocr == 0


def test_a_group_costs_what_its_files_cost(units):
    found = read_times(units([("g", "ab")], a=note(10, 70, True), b=note(20), c=note(5)))
    assert (found.names, found.own.tolist(), found.takes_text.tolist()) == (["g", "c"], [30, 5], [True, False])


@pytest.mark.parametrize(
    ("notes", "pairs", "message"),
    [
        ({"a": None}, [], "a.parquet does not say how long an image takes; .*, or give --times a=MS$"),
        (
            {"a": note(5, None, True)},
            [],
            "a takes text, and no file says how long reading takes, .*; give --times OCR=MS",
        ),
        ({"a": note(5)}, ["a=-1"], "--times a=-1: expected NAME=MS with a number above 0"),
        ({"a": note(5)}, ["a=0"], "--times a=0: expected NAME=MS"),
        ({"a": note(5)}, ["a"], "--times a: expected NAME=MS"),
        ({"a": note(5)}, ["a=nan"], "--times a=nan: expected NAME=MS"),
        ({"a": note(5)}, ["b=5"], "there is no 'b'; the models and groups are a, and OCR"),
        ({"a": note(5)}, ["a=5", "a=6"], "--times: a has two times; give one"),
        ({"a": "fast"}, [], "a.parquet: notes no times that can be read; predict again with tools/inference.py"),
        ({"a": note("fast")}, [], "notes no times that can be read"),
        ({"a": note(5, -1, True)}, [], "notes no times that can be read"),
        ({"a": note(0)}, [], "notes no times that can be read"),
    ],
)
def test_mistakes(units, notes, pairs, message):
    with pytest.raises(UserError, match=message):
        read_times(units(**notes), pairs)
