#!/usr/bin/env python
"""Read the text in images into an OCR table (Parquet). Run it again to continue an interrupted job."""

import argparse
from pathlib import Path
from typing import Any

from kdxf.cli.command import count, run
from kdxf.errors import UserError
from kdxf_runtime.options import EXECUTORS


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="folders of images, annotation files, or tar shards (.tar, .tar.gz, .tgz; name each), in any mixture",
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the OCR table; parts are added to it")
    parser.add_argument(
        "--root",
        type=Path,
        help="folder that the table's paths are relative to; by default INPUT, or the folder of the files",
    )
    parser.add_argument(
        "--config",
        help="read as this experiment reads new images: with its ocr_engine; instead of --engine and --engine-options",
    )
    parser.add_argument("--engine", help="rapidocr (default), easyocr, tesseract, or the name of a registered class")
    parser.add_argument(
        "--engine-options", nargs="+", default=[], metavar="KEY=VALUE", help="arguments of the engine (Python literals)"
    )
    parser.add_argument(
        "--import",
        nargs="+",
        default=[],
        dest="imports",
        metavar="MODULE",
        help="modules that register your own engines",
    )
    parser.add_argument(
        "--executor", default="processes", choices=EXECUTORS, help="processes on this machine, or Ray (extra 'ray')"
    )
    parser.add_argument("--workers", type=count, help="default: one per core, of this machine or of the Ray cluster")
    parser.add_argument(
        "--ray-address",
        metavar="HOST:PORT",
        help="Ray cluster to join ('auto' on one of its machines), by default a private Ray on this machine; the "
        "cluster needs kdxf installed, and sees --root under the same path: put the images on shared storage",
    )
    parser.add_argument("--limit", type=count, help="read only the first N images")
    parser.add_argument("--overwrite", action="store_true", help="read everything again")
    parser.add_argument("--retry-errors", action="store_true", help="read images again that could not be read")
    args = parser.parse_args()
    if args.config is not None and (args.engine is not None or args.engine_options):
        parser.error("--config: names the engine and its options; leave out --engine and --engine-options")
    return args


def engine_of(path: str) -> tuple[dict[str, Any], list[str]]:
    """Return the config of the engine that an experiment reads new images with, and the modules that it imports.

    Raises:
        UserError: It names none.
    """
    from kdxf.apis.stages import last_stage  # loads torch, which the workers need not have
    from kdxf.engine.config import load_config

    cfg = last_stage(load_config(path))
    if cfg.get("ocr_engine") is None:
        raise UserError(f"--config {path}: has no ocr_engine; name the engine with --engine")
    return dict(cfg.ocr_engine), list((cfg.get("custom_imports") or {}).get("imports", ()))


def main() -> None:
    """Run the job and print its summary."""
    args = parse_args()
    from kdxf.text.ocr import engine_config, list_inputs, run_ocr

    images, root = list_inputs(args.inputs, args.root)
    if args.config is not None:
        engine, imports = engine_of(args.config)
    else:
        engine, imports = engine_config(args.engine or "rapidocr", args.engine_options), []
    names = ("executor", "workers", "ray_address", "overwrite", "retry_errors")
    options = {name: getattr(args, name) for name in names} | {"imports": [*imports, *args.imports]}
    print(run_ocr(images[: args.limit], root, args.out, engine, **options))


if __name__ == "__main__":
    run(main)
