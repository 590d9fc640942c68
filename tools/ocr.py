#!/usr/bin/env python
"""Reads the text in images into an OCR table (Parquet). Run it again to continue a job that was stopped."""

import argparse
import os
from pathlib import Path

from kdxf.apis.command import run
from kdxf.text.ocr import engine_config, list_inputs, run_ocr


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="folders of images, or annotation files")
    parser.add_argument("--out", required=True, type=Path, help="folder of the OCR table; parts are added to it")
    parser.add_argument(
        "--root",
        type=Path,
        help="folder that the table's paths are relative to; by default INPUT, or the folder of the annotation file",
    )
    parser.add_argument("--engine", default="rapidocr", help="rapidocr, easyocr, or the name of a registered class")
    parser.add_argument(
        "--engine-options", nargs="+", default=[], metavar="KEY=VALUE", help="arguments of the engine (Python literals)"
    )
    parser.add_argument(
        "--import", nargs="+", default=[], dest="imports", metavar="MODULE", help="modules that register own engines"
    )
    parser.add_argument("--workers", type=_count, default=_cores(), help="worker processes (default: one per core)")
    parser.add_argument("--limit", type=_count, help="read only the first N images")
    parser.add_argument("--overwrite", action="store_true", help="read everything anew")
    parser.add_argument("--retry-errors", action="store_true", help="read images again that could not be read before")
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return int(text)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """Runs the job and prints its summary."""
    args = parse_args()
    images, root = list_inputs(args.inputs, args.root)
    engine = engine_config(args.engine, args.engine_options)
    options = {name: getattr(args, name) for name in ("workers", "imports", "overwrite", "retry_errors")}
    print(run_ocr(images[: args.limit], root, args.out, engine, **options))


if __name__ == "__main__":
    run(main)
