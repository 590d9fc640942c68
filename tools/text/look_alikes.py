#!/usr/bin/env python
"""Write the table of characters that OCR confuses, by drawing them and comparing the pictures."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from kdxf.cli.command import run
from kdxf.io.fonts import Font, check_characters, open_font
from kdxf_runtime.spelling.look_alikes import LOOK_ALIKES_FILE

# Level 1 of GB 2312: the 3,755 most frequent simplified characters.
_HAN = "".join(
    bytes((row, cell)).decode("gb2312")
    for row in range(0xB0, 0xD8)
    for cell in range(0xA1, 0xFA if row == 0xD7 else 0xFF)
)
_LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZåäöéèêáàçíñóüßæøÅÄÖÉÈÊÁÀÇÍÑÓÜÆØ"
_DIGITS_AND_MARKS = "0123456789.,:;%‰$€£¥+-/|&'!?()"
_SIZE, _CANVAS, _BLUR = 40, 56, 1.0


def draw(font: Font, characters: str) -> np.ndarray:
    """Draw each character, horizontally centred, at its own height above the baseline.

    Returns:
        np.ndarray: (C, pixels) float32 with mean 0 and length 1, so that products are correlations.
    """
    import cv2

    face = font.at(_SIZE)
    rows = []
    for character in characters:
        picture = Image.new("L", (_CANVAS, _CANVAS))
        left, _, right, _ = face.getbbox(character, anchor="ls")
        place = ((_CANVAS - left - right) / 2, _CANVAS * 0.75)
        ImageDraw.Draw(picture).text(place, character, fill=255, font=face, anchor="ls")
        rows.append(cv2.GaussianBlur(np.asarray(picture, dtype=np.float32), (0, 0), _BLUR).ravel())
    pictures = np.stack(rows)
    pictures -= pictures.mean(axis=1, keepdims=True)
    return pictures / np.linalg.norm(pictures, axis=1, keepdims=True)


def nearest(similarity: np.ndarray, characters: str, threshold: float, most: int) -> dict[str, str]:
    """Return for each character its look-alikes, most similar first; characters without any are left out."""
    table = {}
    for i, character in enumerate(characters):
        order = [j for j in np.argsort(-similarity[i], kind="stable")[: most + 1] if j != i]
        if alike := "".join(characters[j] for j in order[:most] if similarity[i, j] >= threshold):
            table[character] = alike
    return table


def write(table: dict[str, str], path: Path, head: Sequence[str]) -> None:
    """Write the table: ``#`` lines, then a line per character with the character, a tab and its look-alikes."""
    lines = [*(f"# {line}" for line in head), *(f"{character}\t{alike}" for character, alike in table.items())]
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    partial.replace(path)


def main() -> None:
    """Draw the characters, compare the pictures and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("font", nargs="+", type=Path, help="fonts with Chinese and Latin letters; results are averaged")
    parser.add_argument("--threshold", type=float, default=0.75, help="least correlation of look-alikes")
    parser.add_argument("--most", type=int, default=5, help="look-alikes kept per character")
    parser.add_argument("--out", type=Path, default=LOOK_ALIKES_FILE)
    args = parser.parse_args()
    characters = _LATIN + _DIGITS_AND_MARKS + _HAN
    similarity = np.zeros((len(characters), len(characters)), dtype=np.float32)
    for font in map(open_font, args.font):
        check_characters(font, characters)
        pictures = draw(font, characters)
        similarity += pictures @ pictures.T / len(args.font)
    table = nearest(similarity, characters, args.threshold, args.most)
    fonts = " ".join(path.name for path in args.font)
    write(
        table,
        args.out,
        [
            "Characters that look alike, the likest first. Made by",
            f"python tools/text/look_alikes.py {fonts} --threshold {args.threshold} --most {args.most}",
        ],
    )
    print(f"{args.out}: {len(table)} of {len(characters)} characters have look-alikes")


if __name__ == "__main__":
    run(main)
