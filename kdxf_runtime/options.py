"""Command-line options of the table of predictions, which kdxf's tools and the runner share."""

import argparse
from dataclasses import replace

from kdxf_runtime.io.cells import EXCEL
from kdxf_runtime.predictions import Columns

EXECUTORS = ("processes", "ray")


def add_columns(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what the columns of the table are."""
    add_class_columns(parser)
    add_decisions(parser)


def add_class_columns(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how the classes stand in the table."""
    add = parser.add_argument
    add("--topk", type=int, default=1, metavar="K", help="name the K best classes (columns top2_id, ...)")
    add("--with-name", action="store_true", help="write class names as well (columns category_name, top2_name, ...)")
    add("--with-score", action="store_true", help="write scores as well (columns score, top2_score, ...)")
    add("--per-class", action="store_true", help="write one column per class, with its score, instead of the best")
    add("--excel", action="store_true", help=EXCEL)


def add_decisions(parser: argparse.ArgumentParser) -> None:
    """Add the options that need a calibration, and the one that decides which texts are read."""
    add = parser.add_argument
    add("--with-set", action="store_true", help="write the classes that it may be (columns set, set_names)")
    add("--precision", type=float, metavar="P", help="accept predictions of which the share P is right, such as 0.98")
    add("--review", type=float, metavar="SHARE", help="send this share of the images to a person, such as 0.05")
    add("--back-off", action="store_true", help="with --precision: name the coarser class where only that is sure")
    add("--read-text", default="always", choices=("always", "auto"), help="auto: only where the picture is not enough")


def columns_of(args: argparse.Namespace) -> Columns:
    """Return what the options of :func:`add_columns`, or of :func:`add_class_columns` alone, ask for."""
    columns = Columns(args.topk, args.with_name, args.with_score, args.per_class)
    if not hasattr(args, "with_set"):
        return columns
    return replace(columns, with_set=args.with_set, back_off=args.back_off)


def add_parts(parser: argparse.ArgumentParser) -> None:
    """Add the options of jobs that may be interrupted."""
    add = parser.add_argument
    add("--parts", metavar="FOLDER", help="add the predictions to this folder as Parquet parts; run again to continue")
    add("--executor", default="processes", choices=EXECUTORS, help="with --parts: processes here, or Ray (extra 'ray')")
    add("--ray-address", metavar="HOST:PORT", help="Ray cluster to join (default: a private Ray on this machine)")


def check_parts(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End the program with a line where the options of :func:`add_parts` do not go together."""
    if args.parts is None and args.save_csv is None:
        parser.error("the following arguments are required: --save_csv, --parts, or both")
    if args.executor == "ray" and args.parts is None:
        parser.error("--executor ray: name the folder that the predictions go to with --parts")
    if args.ray_address is not None and args.executor != "ray":
        parser.error(f"--ray-address {args.ray_address} needs --executor ray")
