import argparse
from pathlib import Path

import pytest

from kdxf.apis.argument_types import count, named_files
from kdxf.errors import UserError


def test_count():
    assert count("12") == 12


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "", "many"])
def test_what_is_no_count(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"must be a whole number from 1, not '{text}'"):
        count(text)


def test_named_files():
    words = ["a/test.csv", "b=a/test.csv", "x/k=v/c.csv"]
    assert named_files(words, "--predict") == {
        "test": Path("a/test.csv"),
        "b": Path("a/test.csv"),
        "c": Path("x/k=v/c.csv"),
    }
    message = "^--predict: two files are called 'test'; give one another name, as NAME=b/test.csv$"
    with pytest.raises(UserError, match=message):
        named_files(["a/test.csv", "b/test.csv"], "--predict")
