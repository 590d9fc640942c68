import argparse

import pytest

from kdxf.cli.arguments import add_run_arguments


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser()
    add_run_arguments(parser)
    return parser


def test_options_become_a_dict(parser):
    args = parser.parse_args(["--cfg-options", "a.b=1", "c=[x,2]", "d=text"])
    assert args.cfg_options == {"a.b": 1, "c": ["x", 2], "d": "text"}


def test_option_without_a_value(parser, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["--cfg-options", "a.b"])
    assert "--cfg-options a.b: expected key=value pairs" in capsys.readouterr().err


def test_launchers_may_pass_the_local_rank(parser):
    assert parser.parse_args(["--local-rank", "1", "--launcher", "pytorch"]).local_rank == 1


def test_dict_as_an_option(parser, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["--cfg-options", "a=[{'b':[1,2]}]"])
    assert "--cfg-options a=[{'b':[1,2]}]: give dicts key by key, such as a.b=1 a.c=2" in capsys.readouterr().err
