"""Command-line options of the table of predictions, which kdxf's tools and the runner share."""

import argparse

from kdxf_runtime.io.cells import EXCEL
from kdxf_runtime.predictions import Columns


def add_columns(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what the columns of the table are."""
    add = parser.add_argument
    add("--topk", type=int, default=1, metavar="K", help="name the K best classes (columns top2_id, ...)")
    add("--with-name", action="store_true", help="write class names as well (columns category_name, top2_name, ...)")
    add("--with-score", action="store_true", help="write scores as well (columns score, top2_score, ...)")
    add("--per-class", action="store_true", help="write one column per class, with its score, instead of the best")
    add("--excel", action="store_true", help=EXCEL)
    add_decisions(parser)


def add_decisions(parser: argparse.ArgumentParser) -> None:
    """Add the options that need a calibration, and the one that decides which texts are read."""
    add = parser.add_argument
    add("--with-set", action="store_true", help="write the classes that it may be (columns set, set_names)")
    add("--precision", type=float, metavar="P", help="accept predictions of which the share P is right, such as 0.98")
    add("--review", type=float, metavar="SHARE", help="send this share of the images to a person, such as 0.05")
    add("--read-text", default="always", choices=("always", "auto"), help="auto: only where the picture is not enough")


def columns_of(args: argparse.Namespace) -> Columns:
    """Return what the options of :func:`add_columns` ask for."""
    return Columns(args.topk, args.with_name, args.with_score, args.per_class, args.with_set)
