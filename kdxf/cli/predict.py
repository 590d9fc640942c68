"""Predict pictures with the model of ``kdxf fit``: ``kdxf predict OUT FOLDER --save_csv out.csv``.

OUT is the folder that kdxf fit wrote. The text of the pictures is read now, unless --ocr names a table. The CSV has one
row per picture: image_id, category_id, category_name, score, and error: why the picture could not be read, else empty.
The scores are calibrated on the validation list: of pictures with a score of 0.8, four of five are right. --precision
or --review adds the columns decision (accept or review) and reason. --read-text auto reads only the text of pictures
that the model is not sure enough of without it (column text: given by a table, read, or not read).
kdxf inference has more options, and takes any config and checkpoint.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import count
from kdxf_runtime.io.cells import EXCEL
from kdxf_runtime.options import add_decisions


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("model", type=Path, metavar="OUT", help="folder of kdxf fit")
    add("inputs", nargs="+", metavar="INPUT", help="pictures and folders of pictures")
    add("--save_csv", "--save-csv", required=True, metavar="FILE", help="the table of predictions")
    add("--excel", action="store_true", help=EXCEL)
    add("--topk", type=count, default=1, metavar="K", help="name the K best classes")
    add_decisions(parser)
    add("--ocr", metavar="TABLE", help="OCR table of kdxf ocr; pictures that it lacks are read now")
    add("--workers", type=count, metavar="N", help="processes that read text and pictures (default: one per core)")
    add("--batch-size", type=count, default=32, metavar="N")
    add("--device", help="cpu, cuda, cuda:1, ... (default: the GPU if there is one)")
    return parser.parse_intermixed_args()


def main() -> None:
    """Predict, and print a report."""
    args = parse_args()
    from kdxf.engine.config import load_config
    from kdxf.inference.fitted import files_of_model
    from kdxf.inference.run import infer
    from kdxf_runtime.io.machine import available_cores
    from kdxf_runtime.predictions import Columns

    config, checkpoint = files_of_model(args.model)
    report = infer(
        load_config(config),
        checkpoint,
        args.save_csv,
        args.inputs,
        columns=Columns(args.topk, with_name=True, with_score=True, with_set=args.with_set),
        excel=args.excel,
        precision=args.precision,
        review=args.review,
        ocr_table=args.ocr,
        ocr=args.read_text,
        batch_size=args.batch_size,
        workers=args.workers or available_cores(),
        device=args.device,
    )
    print(report)
