#!/usr/bin/env python
"""The picture at the top of README, from a finished demo: ``make demo``, then ``python docs/site/demo_picture.py``.

Draws validation images of data/demo with their OCR boxes, OCR text, true class and predicted class: three that the
fused model classifies correctly and one that it gets wrong, each drawn at random. Needs the font of
``apt-get install fonts-noto-cjk``.
"""

import random
import re
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw, ImageFont

DATA = Path("data/demo")
FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
WIDTH, HEIGHT, GAP, LINE = 300, 300, 20, 24


def choose(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return three correct rows and a wrong one, drawn with a fixed seed."""
    draw = random.Random(0)
    correct = predictions.pred_label == predictions.label
    rows = draw.sample([*predictions.index[correct]], 3) + draw.sample([*predictions.index[~correct]], 1)
    return predictions.loc[rows]


def english_names() -> dict[str, str]:
    """Return the English name of each class, from the table in the demo's README."""
    text = (DATA / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| (\S+) ([a-z ]+) \|", text, flags=re.MULTILINE))


def main() -> None:
    """Draw the picture."""
    rows = choose(pd.read_csv("work_dirs/demo/moe_r18.csv"))
    classes = pd.read_csv(DATA / "classes.csv").name
    ocr = pd.read_parquet(DATA / "ocr").set_index("image")
    english = english_names()
    small, tiny = ImageFont.truetype(FONT, 15), ImageFont.truetype(FONT, 13)
    page = Image.new("RGB", (4 * (WIDTH + GAP) + GAP, HEIGHT + 6 * LINE + 2 * GAP), "white")
    pen = ImageDraw.Draw(page)
    for number, row in enumerate(rows.itertuples()):
        left = GAP + number * (WIDTH + GAP)
        picture = Image.open(DATA / row.image).convert("RGB")
        scale = min(WIDTH / picture.width, HEIGHT / picture.height)
        picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
        x, y = left + (WIDTH - picture.width) // 2, GAP + (HEIGHT - picture.height) // 2
        page.paste(picture, (x, y))
        for box in ocr.boxes[row.image]:
            corners = [(x + a * scale, y + b * scale) for a, b in zip(box[::2], box[1::2], strict=True)]
            pen.polygon(corners, outline="#d0342c", width=2)
        top = GAP + HEIGHT + 8
        lines = [""]
        for text in ocr.texts[row.image]:
            longer = f"{lines[-1]} | {text}" if lines[-1] else text
            if tiny.getlength("OCR: " + longer) <= WIDTH:
                lines[-1] = longer
            else:
                lines.append(text)
        for index, line in enumerate(lines[:3]):
            pen.text((left, top + index * LINE), ("OCR: " if not index else "") + line, "#d0342c", tiny)
        true, guess = classes[row.label], classes[row.pred_label]
        colour = "#2b7a2b" if true == guess else "#b03030"
        pen.text((left, top + 3 * LINE), f"true: {true} {english[true]}", "#222222", small)
        pen.text((left, top + 4 * LINE), f"predicted: {guess} {english[guess]} ({row.score:.2f})", colour, small)
    page.quantize(128).save("docs/demo.png", optimize=True)


if __name__ == "__main__":
    main()
