import re

import pytest

from kdxf.errors import UserError
from kdxf.zero_shot.prompts import CHINESE, ENGLISH, read_prompts, sentences


def test_names_in_their_language():
    assert sentences("Oat_Milk-3%")[0] == "a photo of Oat Milk 3%." and len(sentences("a")) == len(ENGLISH)
    assert sentences("燕麦奶 oat") == [prompt.replace("{}", "燕麦奶 oat") for prompt in CHINESE]
    assert sentences("milk", ["{}!"]) == ["milk!"]


def test_read(tmp_path):
    file = tmp_path / "prompts.txt"
    file.write_text("a sketch of {}.\n\n一幅{}的画\n", encoding="utf-8")
    assert read_prompts(file) == ["a sketch of {}.", "一幅{}的画"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; write prompts into it, one a line, such as 'a photo of {}.'"),
        ("a photo\n", "'a photo' must have {} once, where the class name stands"),
        ("{} and {}\n", "'{} and {}' must have {} once, where the class name stands"),
    ],
)
def test_refused(text, message, tmp_path):
    file = tmp_path / "prompts.txt"
    file.write_text(text)
    with pytest.raises(UserError, match=f"^{re.escape(f'--prompts {file}: {message}')}$"):
        read_prompts(file)


def test_missing(tmp_path):
    with pytest.raises(UserError, match="no such file; write prompts into it, one a line, such as 'a photo of {}.'$"):
        read_prompts(tmp_path / "no.txt")
