import argparse

import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.service.limits import Limits, add_limits, limits_of


def parse(*words):
    parser = argparse.ArgumentParser()
    add_limits(parser)
    return limits_of(parser.parse_args(words))


def test_without_options_the_limits_are_the_usual_ones():
    assert parse() == Limits()
    assert (Limits().request_bytes, Limits().held_bytes) == (32 * 1024 * 1024, 256 * 1024 * 1024)


def test_each_option_sets_its_limit():
    words = "--max-mb 0.5 --max-pictures 3 --queue 4 --timeout 2.5 --body-timeout 1 --max-header-kb 8"
    assert parse(*words.split()) == Limits(0.5, 3, 4, 2.5, 1, 8)
    assert parse("--max-mb", "0.5").request_bytes == 524288


@pytest.mark.parametrize("option", ["--max-mb", "--max-pictures", "--queue", "--timeout", "--max-header-kb"])
def test_a_limit_is_above_zero(option):
    with pytest.raises(UserError, match=rf"^{option} 0: give a number above 0$"):
        parse(option, "0")


def test_not_a_number_is_no_limit():
    with pytest.raises(UserError, match=r"^--timeout nan: give a number above 0$"):
        parse("--timeout", "nan")


def test_the_pictures_of_a_request_fit_into_the_queue():
    with pytest.raises(UserError, match=r"^--max-pictures 9: give at most --queue, 8, or raise that$"):
        parse("--max-pictures", "9", "--queue", "8")
