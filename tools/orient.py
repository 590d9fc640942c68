#!/usr/bin/env python
"""Fill angles into an OCR table by a model of orientation, for pictures whose text does not tell them.

    python tools/orient.py configs/grocery/image_lite2_orientation.py CHECKPOINT data/mine/ocr \\
        --root data/mine/images --out data/mine/ocr_oriented

The model is trained on copies that tools/data/turn.py makes. Angles of which the text is sure stay, and where the model
is not sure either, the picture counts as upright. LoadImage(upright=True), tools/data/verify.py and
tools/data/resize.py use the new table as they use any other.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("config", help="config of a model of orientation")
    parser.add_argument("checkpoint", help="its checkpoint")
    parser.add_argument("ocr", type=Path, metavar="TABLE", help="OCR table")
    parser.add_argument("--root", type=Path, required=True, help="folder that the table's paths are relative to")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the new OCR table")
    parser.add_argument(
        "--min-score", type=float, default=0.5, help="score from which on the model is believed (default: %(default)s)"
    )
    parser.add_argument("--batch-size", type=int, default=32, help="images in a batch (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=0, help="processes that load images (default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing result")
    return parser.parse_args()


def main() -> None:
    """Ask the model and write the table."""
    args = parse_args()
    from kdxf.apis.orient import fill_angles
    from kdxf.inference.inferencer import KDXFInferencer
    from kdxf.text.ocr.table import OCRTable

    table = OCRTable.open(args.ocr)
    inferencer = KDXFInferencer(args.config, args.checkpoint)
    options = {name: getattr(args, name) for name in ("batch_size", "workers", "overwrite")}
    filled = fill_angles(inferencer, table, args.root, args.out, args.min_score, **options)
    print(f"{args.out}: {filled}")


if __name__ == "__main__":
    run(main)
