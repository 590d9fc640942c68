"""Predict pictures with the model of ``kdxf fit``: ``kdxf predict OUT FOLDER --save_csv out.csv``.

OUT is the folder that kdxf fit wrote, or a bundle of kdxf export. The text of the pictures is read now, unless --ocr
names a table. The CSV has one row per picture: image_id, category_id, category_name, score, and error: why the picture
could not be read, else empty. The scores are calibrated on the validation list: of pictures with a score of 0.8, four
of five are right. --precision or --review adds the columns decision (accept or review) and reason. --read-text auto
reads only the text of pictures that the model is not sure enough of without it (column text: given by a table, read, or
not read). kdxf inference has more options, and takes any config and checkpoint.

With a bundle an INPUT may also be a list (annotations of any form that kdxf reads), a tar shard, or an address such as
s3://bucket/folder. --parts FOLDER is for very many pictures: the predictions are added to the folder as Parquet parts,
and the same command continues after an interruption; --executor ray spreads the job over a Ray cluster.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kdxf.cli.command import count
from kdxf.cli.importing import importing
from kdxf.errors import UserError
from kdxf_runtime.io.cells import EXCEL
from kdxf_runtime.options import add_decisions, add_parts, check_parts
from kdxf_runtime.predictions import Columns

if TYPE_CHECKING:
    from kdxf_runtime.predict import Report


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("model", type=Path, metavar="OUT", help="folder of kdxf fit, or bundle of kdxf export")
    add("inputs", nargs="+", metavar="INPUT", help="pictures and folders of pictures")
    add("--save_csv", "--save-csv", metavar="FILE", help="the table of predictions")
    add("--excel", action="store_true", help=EXCEL)
    add("--topk", type=count, default=1, metavar="K", help="name the K best classes")
    add_decisions(parser)
    add_parts(parser)
    add("--ocr", metavar="TABLE", help="OCR table of kdxf ocr; pictures that it lacks are read now")
    add("--workers", type=count, metavar="N", help="processes that read text and pictures (default: one per core)")
    add("--batch-size", type=count, metavar="N", help="pictures at a time (default: 32)")
    add("--device", help="cpu, cuda, cuda:1, ... (default: the GPU if there is one)")
    args = parser.parse_intermixed_args()
    check_parts(parser, args)
    return args


def main() -> None:
    """Predict, and print a report."""
    args = parse_args()
    from kdxf_runtime.bundle import is_bundle

    columns = Columns(args.topk, with_name=True, with_score=True, with_set=args.with_set, back_off=args.back_off)
    if is_bundle(args.model):
        print(_with_bundle(args, columns))
        return
    if args.parts is not None:
        raise UserError(f"--parts {args.parts}: needs a bundle in place of {args.model}; make one with kdxf export")
    with importing():
        from kdxf.engine.config import load_config
        from kdxf.inference.fitted import files_of_model
        from kdxf.inference.run import infer
        from kdxf_runtime.io.machine import available_cores

    config, checkpoint = files_of_model(args.model)
    report = infer(
        load_config(config),
        checkpoint,
        args.save_csv,
        args.inputs,
        columns=columns,
        excel=args.excel,
        precision=args.precision,
        review=args.review,
        ocr_table=args.ocr,
        ocr=args.read_text,
        batch_size=args.batch_size or 32,
        workers=args.workers or available_cores(),
        device=args.device,
    )
    print(report)


def _with_bundle(args: argparse.Namespace, columns: Columns) -> "Report":
    """Predict with a bundle, without torch."""
    from kdxf_runtime.many import predict_many
    from kdxf_runtime.predict import Settings

    for option in ("ocr", "batch_size", "device"):
        if getattr(args, option) is not None:
            name = option.replace("_", "-")
            raise UserError(f"--{name}: {args.model} is a bundle, which does not take it; leave it out")

    return predict_many(args.model, args.inputs, Settings(read_text=args.read_text), columns, args)
