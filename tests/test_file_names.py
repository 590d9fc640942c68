import os

import pytest

from kdxf.file_names import in_utf8


@pytest.mark.parametrize("name", ["a b.jpg", "图/奶粉.jpg", "\\udcb9.jpg", ""])
def test_what_is_utf8_stays(name):
    assert in_utf8(name) == name


def test_other_bytes_are_written_out():
    assert in_utf8(os.fsdecode(b"a/\xb9\xe3.jpg")) == "a/\\udcb9\\udce3.jpg"
