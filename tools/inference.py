#!/usr/bin/env python
"""Predict images: ``python tools/inference.py CONFIG CHECKPOINT [INPUT ...] --save_csv out.csv``.

INPUT is images and folders, in any mixture; without any, the config's test dataset is predicted. The CSV has one row
per image, in their order: ``image_id,category_id``, the columns of --with-name, --with-score and --topk, and ``error``:
why the image could not be read, else empty. An image_id is the path of a file as given, the path of an image relative
to its folder, or the path in the annotation file of the test dataset. A category_id is the class index, or the class
name if all names are whole numbers. --save-probs writes the scores of all classes as a file of predictions, instead of
the CSV or with it, for the test dataset with its labels; TTA and all other options apply to both.

Scores are calibrated where kdxf calibrate has left a calibration beside the checkpoint. Then --with-set names the
classes that an image may be of, and --precision or --review adds the columns decision (accept or review) and reason.
With a class tree in the calibration --precision P --back-off names the coarser class where only that is sure: decision
parent, and the column parent.

For a model that takes columns of a table, --table names a CSV with the column image and those; what it lacks counts as
missing. For a model that uses text, OCR runs now, unless an OCR table has the text: --ocr, or the test dataset's own.
For many images run tools/ocr.py first: it can be interrupted and continued. --read-text auto reads only the text of
images whose picture alone is not sure enough, as kdxf calibrate has found; the column text says what became of it
(given, by a table; read; not read).
"""

import argparse

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import run
from kdxf.cli.importing import importing
from kdxf_runtime.io.machine import available_cores
from kdxf_runtime.options import add_columns, columns_of


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("paths", nargs="*", metavar="CONFIG CHECKPOINT INPUT", help="config file, checkpoint, images and folders")
    add("--cfg", metavar="CONFIG", help="the config, instead of the first path")
    add("--ckpt", metavar="CHECKPOINT", help="the checkpoint, instead of the next path")
    add("--save_csv", "--save-csv", metavar="FILE", help="the table of predictions")
    add("--save-probs", metavar="FILE", help="the scores of all classes (.parquet), for the tools of tools/recipes")
    add_columns(parser)
    add("--class-names", metavar="FILE", help='readable class names: .json {"0": "name"}, .csv (id, name), or .txt')
    add("--tta", action="store_true", help="average over several views of each image (tta_model, tta_pipeline)")
    add("--ocr", metavar="TABLE", help="OCR table of tools/ocr.py; images that it lacks are read now")
    add("--ocr-root", metavar="DIR", help="folder that the table's paths are relative to (default: the INPUT folder)")
    add("--table", metavar="CSV", help="the columns of the images, with image, for a model that takes some")
    add("--engine", help="rapidocr, tesseract, easyocr, or a registered class (default: the config's ocr_engine)")
    add("--engine-options", nargs="+", default=[], metavar="KEY=VALUE", help="arguments of the engine")
    add("--batch-size", type=int, default=32, metavar="N")
    cores = min(available_cores(), 8)
    add("--workers", type=int, default=cores, metavar="N", help="processes (default: one per core, at most 8)")
    add("--device", help="cpu, cuda, cuda:1, ... (default: the GPU if there is one)")
    add("--amp", action="store_true", help="mixed precision: float16 on a GPU, bfloat16 on a CPU")
    add("--budget-ms", type=float, metavar="MS", help="exit with status 1 if an image takes longer, on average")
    add("--budget-gb", type=float, metavar="GB", help="exit with status 1 if this process takes more memory")
    add("--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="replace settings of the config")
    add("--executor", help=argparse.SUPPRESS)  # asked for by name in what is written about large jobs
    add("--trust-checkpoint", action="store_true", help="load a checkpoint that can run code; only for your own")
    args = parser.parse_intermixed_args()
    if args.save_csv is None and args.save_probs is None:
        parser.error("name a result: --save_csv, --save-probs, or both")
    if args.executor is not None:
        parser.error(
            "--executor: only bundles are spread over machines; make one with kdxf export, and predict with "
            "kdxf-run BUNDLE INPUT --parts FOLDER --executor ray"
        )
    if args.engine_options and args.engine is None:
        parser.error("--engine-options: name the engine with --engine, or set ocr_engine in the config")
    for name in ("cfg", "ckpt"):
        if getattr(args, name) is None:
            if not args.paths:
                parser.error("give CONFIG and CHECKPOINT, as the first two paths or with --cfg and --ckpt")
            setattr(args, name, args.paths.pop(0))
    return args


def main() -> int:
    """Predict the images and print a report; the exit status is 1 if a budget is exceeded."""
    args = parse_args()
    with importing():
        from kdxf.engine.config import load_config
        from kdxf.inference.run import infer
        from kdxf.text.ocr import engine_config

    report = infer(
        load_config(args.cfg, args.cfg_options),
        args.ckpt,
        args.save_csv,
        args.paths,
        save_probs=args.save_probs,
        columns=columns_of(args),
        excel=args.excel,
        precision=args.precision,
        review=args.review,
        ocr=args.read_text,
        class_names=args.class_names,
        tta=args.tta,
        amp=args.amp,
        device=args.device,
        trust_checkpoint=args.trust_checkpoint,
        ocr_table=args.ocr,
        ocr_root=args.ocr_root,
        table=args.table,
        engine=None if args.engine is None else engine_config(args.engine, args.engine_options),
        batch_size=args.batch_size,
        workers=args.workers,
    )
    print(report)
    over_budget = report.over_budget(args.budget_ms, args.budget_gb)
    print(*over_budget, sep="\n", end="\n" if over_budget else "")
    return 1 if over_budget else 0


if __name__ == "__main__":
    run(main)
