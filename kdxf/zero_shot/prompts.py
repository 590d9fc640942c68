"""Sentences that a class name is put into before a pretrained pair reads it."""

import re
from collections.abc import Sequence
from pathlib import Path

from kdxf.errors import UserError
from kdxf_runtime.io.text_files import read_lines
from kdxf_runtime.tokenizers.cleaning import HAN_RUN

PLACE = "{}"
ENGLISH = ("a photo of {}.", "a picture of a product: {}.", "an advertisement for {}.")
CHINESE = ("{}", "一张{}的照片。", "{}的图片。", "{}的广告。")
_JOINTS = re.compile(r"[_\-\s]+")


def read_prompts(path: str | Path) -> list[str]:
    """Read prompts, one a line, each with ``{}`` where the class name stands; empty lines are passed over.

    Raises:
        UserError: The file is missing or empty, or a line has no place for the name, or several.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(
            f"--prompts {path}: no such file; write prompts into it, one a line, such as 'a photo of {{}}.'"
        )
    prompts = [line.strip() for line in read_lines(path) if line.strip()]
    if not prompts:
        raise UserError(f"--prompts {path}: is empty; write prompts into it, one a line, such as 'a photo of {{}}.'")
    for prompt in prompts:
        if prompt.count(PLACE) != 1:
            raise UserError(f"--prompts {path}: {prompt!r} must have {{}} once, where the class name stands")
    return prompts


def sentences(name: str, prompts: Sequence[str] | None = None) -> list[str]:
    """Put a class name into prompts.

    =================  ============================================================
    name               by default
    =================  ============================================================
    ``Oat_Milk``       ``a photo of Oat Milk.`` and others of :data:`ENGLISH`
    ``燕麦奶``         ``一张燕麦奶的照片。`` and others of :data:`CHINESE`
    =================  ============================================================

    Args:
        name: The name; hyphens and underscores count as spaces.
        prompts: By default English ones, or Chinese ones for a name with a Chinese character.
    """
    words = _JOINTS.sub(" ", name).strip()
    chosen = prompts or (CHINESE if HAN_RUN.search(name) else ENGLISH)
    return [prompt.replace(PLACE, words) for prompt in chosen]
