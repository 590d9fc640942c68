#!/usr/bin/env python
"""Export a model as a bundle that answers without torch: ``python tools/export.py CONFIG CHECKPOINT --out bundle``.

A bundle holds the model as ONNX, its classes, steps, word vectors and dictionaries, the models of the OCR engine, what
kdxf calibrate has left beside the checkpoint, a model card, and the digest of every file. It is written only if it
answers pictures as the model does: every label equal, and every score to 0.0001. CONFIG CHECKPOINT may be the folder of
a finished 'kdxf fit'. --out NAME.kdxf writes one file.

'kdxf-run BUNDLE PICTURES --save_csv out.csv' predicts with a bundle; it needs the package kdxf-runtime alone.
"""

import argparse
from pathlib import Path

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import run
from kdxf.cli.importing import importing
from kdxf.errors import UserError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("model", nargs="+", metavar="CONFIG CHECKPOINT", help="config file and checkpoint, or the folder of kdxf fit")
    add("--out", required=True, metavar="BUNDLE", help="a new folder, or a file whose name ends with .kdxf")
    add("--overwrite", action="store_true", help="replace an existing one")
    add("--pictures", nargs="+", default=[], metavar="INPUT",
        help="pictures and folders to compare on (default: the config's test dataset; 200 at most)")  # fmt: skip
    add("--ocr", metavar="TABLE", help="OCR table with the text of these pictures")
    add("--name", help="what the model is called (default: as its config)")
    add("--class-names", metavar="FILE", help='readable class names: .json {"0": "name"}, .csv (id, name), or .txt')
    add("--half-vectors", action="store_true", help="write word vectors as float16, at half the size")
    add("--quantize", choices=["int8"], help="make the image encoder smaller and faster, where it loses no accuracy")
    add("--workers", type=int, default=0, metavar="N", help="processes that read text")
    add("--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="replace settings of the config")
    add("--trust-checkpoint", action="store_true", help="load a checkpoint that can run code; only for your own")
    return parser.parse_args()


def main() -> None:
    """Export the model and print a report."""
    args = parse_args()
    with importing():
        from kdxf.engine.config import load_config
        from kdxf.export.bundle import ExportOptions, export
        from kdxf.inference.fitted import files_of_model

    if len(args.model) > 2:
        raise UserError(f"{args.model[2]}: give CONFIG and CHECKPOINT, or the folder of a finished 'kdxf fit'")
    config, checkpoint = files_of_model(args.model[0]) if len(args.model) == 1 else map(Path, args.model)
    options = ExportOptions(
        args.pictures,
        args.ocr,
        args.class_names,
        args.half_vectors,
        args.name,
        args.trust_checkpoint,
        args.workers,
        args.quantize == "int8",
    )
    print(export(load_config(config, args.cfg_options), checkpoint, args.out, options, overwrite=args.overwrite))


if __name__ == "__main__":
    run(main)
