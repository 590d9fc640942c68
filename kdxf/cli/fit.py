"""Train a model on a folder of class folders, or on a list: ``kdxf fit FOLDER --out work_dirs/mine``.

FOLDER has one folder of pictures per class; or it is a CSV with the columns image and label, whose paths are relative
to --root. The pictures are checked, their text is read, and they are divided into training, validation and test lists.
A head is trained on frozen ImageNet features and TF-IDF of the text. From there, as far as the minutes reach, the model
is fine-tuned. These two and the mean of their scores are compared on the validation list; the best is kept, and tested
once, beside the plainest models.

OUT gets config.py, model.pth, result.md and what they were made from. The same command goes on after an interruption
and repeats no step whose inputs have not changed. The configs are yours: edit the settings on top of frozen.py or
fine-tuned.py, run the command again, and it trains with them.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import count
from kdxf.cli.importing import importing


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must lie between 0 and 1, not {text!r}")
    return value


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number of minutes from 0, not {text!r}")
    return value


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("source", type=Path, metavar="FOLDER_OR_CSV", help="one folder of pictures per class, or a labelled list")
    add("--out", type=Path, required=True, help="folder of the model and of everything that it is made from")
    add("--root", type=Path, help="folder that the paths of a list are relative to (default: the folder of the list)")
    add("--classes", choices=("outer", "inner"),
        help="of folders inside of folders, which ones are the classes (default: the innermost, where no picture lies "
        "outside of them and their names differ)")  # fmt: skip
    add("--minutes", type=_minutes, default=30.0, metavar="N",
        help="time for the whole command; fine-tuning gets what the other steps leave (default: 30)")  # fmt: skip
    add("--seed", type=int, default=0, help="another seed gives another split and another training (default: 0)")
    add("--test-fraction", type=_fraction, default=0.15, metavar="F", help="share of each class to test on")
    add("--val-fraction", type=_fraction, default=0.15, metavar="F", help="share of each class to choose the model by")
    add("--backbone", choices=("lite0", "lite2"), default="lite2", help="EfficientNet-Lite0 is faster, -Lite2 better")
    add("--engine", default="rapidocr", help="rapidocr, tesseract, easyocr, or a registered class")
    add("--engine-options", nargs="+", default=[], metavar="KEY=VALUE", help="arguments of the engine")
    add("--ocr", type=Path, metavar="TABLE", help="OCR table by paths relative to FOLDER or --root, instead of reading")
    add("--workers", type=count, metavar="N", help="processes (default: one per core)")
    return parser.parse_args()


def main() -> None:
    """Fit, and print the result."""
    args = parse_args()
    with importing():
        from kdxf.apis.fit import fit
        from kdxf.text.ocr import engine_config

    names = ("root", "classes", "minutes", "seed", "test_fraction", "val_fraction", "backbone", "ocr", "workers")
    engine = engine_config(args.engine, args.engine_options)
    print(fit(args.source, args.out, engine=engine, **{name: getattr(args, name) for name in names}).report)
