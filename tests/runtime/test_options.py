"""The options of the table of predictions."""

import argparse

import pytest

from kdxf_runtime.options import add_columns, add_decisions, columns_of
from kdxf_runtime.predictions import Columns


def parse(*arguments, add=add_columns):
    parser = argparse.ArgumentParser()
    add(parser)
    return parser.parse_args(arguments)


def test_nothing_is_asked_for():
    args = parse()
    assert columns_of(args) == Columns()
    assert (args.excel, args.precision, args.review, args.read_text) == (False, None, None, "always")


def test_everything_is_asked_for():
    args = parse(
        *("--topk", "3", "--with-name", "--with-score", "--per-class", "--excel", "--with-set", "--back-off"),
        *("--precision", "0.98", "--review", "0.05", "--read-text", "auto"),
    )
    shown = {"with_name": True, "with_score": True, "per_class": True, "with_set": True, "back_off": True}
    assert columns_of(args) == Columns(topk=3, **shown)
    assert (args.excel, args.precision, args.review, args.read_text) == (True, 0.98, 0.05, "auto")


def test_decisions_alone():
    assert set(vars(parse(add=add_decisions))) == {"with_set", "precision", "review", "back_off", "read_text"}


def test_other_ways_to_read(capsys):
    with pytest.raises(SystemExit):
        parse("--read-text", "never")
    assert "argument --read-text: invalid choice: 'never'" in capsys.readouterr().err
