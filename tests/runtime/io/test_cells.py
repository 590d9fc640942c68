import pytest

from kdxf_runtime.io.cells import guarded, unguarded

CELLS = {
    "=1+2": "'=1+2",
    "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0",
    "-x": "'-x",
    "@SUM(A1)": "'@SUM(A1)",
    "\tx": "'\tx",
    "\r=1": "'\r=1",
    "\n=1": "'\n=1",
    "'=1": "''=1",
    "''-": "'''-",
    "-1.5": "-1.5",
    "+3": "+3",
    "-1e-3": "-1e-3",
    "-1\n": "'-1\n",
    "a=b": "a=b",
    "'a": "'a",
    "": "",
    "牛奶": "牛奶",
}


@pytest.mark.parametrize(("cell", "shown"), CELLS.items())
def test_formulas_are_guarded_and_come_back(cell, shown):
    assert guarded(cell) == shown and unguarded(shown) == cell


def test_what_is_no_text_is_not_guarded():
    assert guarded(-0.5) == -0.5 and guarded(None) is None
