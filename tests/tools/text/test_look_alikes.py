import runpy
import subprocess
import sys

import numpy as np
import pytest
from advertisements.fonts import find_fonts

from kdxf.errors import UserError
from kdxf_runtime.spelling.look_alikes import LOOK_ALIKES_FILE


@pytest.fixture(scope="module")
def tool(repo):
    return runpy.run_path(str(repo / "tools" / "text" / "look_alikes.py"))


@pytest.fixture(scope="module")
def font():
    try:
        return find_fonts()[1]
    except UserError as error:
        pytest.skip(str(error))


def test_pictures_of_look_alikes_correlate(tool, font):
    pictures = tool["draw"](font, "未末买lI")
    np.testing.assert_allclose(np.linalg.norm(pictures, axis=1), 1, rtol=1e-5)
    similarity = pictures @ pictures.T
    assert similarity[0, 1] > 0.9
    assert similarity[0, 2] < 0.5
    assert similarity[3, 4] > 0.9


def test_nearest_keeps_the_likest_above_the_threshold(tool):
    similarity = np.array([[1, 0.9, 0.8, 0.2], [0.9, 1, 0.7, 0.1], [0.8, 0.7, 1, 0.3], [0.2, 0.1, 0.3, 1]])
    assert tool["nearest"](similarity, "abcd", 0.75, 5) == {"a": "bc", "b": "a", "c": "a"}
    assert tool["nearest"](similarity, "abcd", 0.1, 1) == {"a": "b", "b": "a", "c": "a", "d": "c"}


def test_the_file_in_the_package_is_what_its_command_writes(repo, tmp_path, font):
    """Make the committed table again; ``font`` is the Regular face of Noto Sans CJK."""
    command = LOOK_ALIKES_FILE.read_text(encoding="utf-8").splitlines()[1].removeprefix("# python ").split()
    folder = font.path.rpartition("/")[0]
    fonts = [argument for argument in command if argument.endswith(".ttc")]
    command = [f"{folder}/{argument}" if argument in fonts else argument for argument in command]
    out = tmp_path / "table.txt"
    done = subprocess.run([sys.executable, *command, "--out", str(out)], cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # Another release of the fonts may draw some characters a little differently.
    made, kept = (set(path.read_text(encoding="utf-8").splitlines()) for path in (out, LOOK_ALIKES_FILE))
    assert len(made & kept) > 0.98 * len(kept)


def test_a_missing_font_is_one_line(run_tool, tmp_path):
    done = run_tool("tools/text/look_alikes.py", tmp_path / "none.ttf", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "none.ttf: not a readable font file" in done.stderr
    assert not (tmp_path / "out").exists()
