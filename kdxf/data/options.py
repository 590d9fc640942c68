"""Options of ``tools/data``: those that tools share, and what may be chosen.

This module imports nothing heavy: parsers use it.
"""

import argparse
from pathlib import Path

from kdxf_runtime.io.cells import EXCEL
from kdxf_runtime.io.machine import available_cores

FORMS = ("csv", "json", "coco", "mmpretrain", "folders")
"""Forms of the result of a conversion."""

KEEP = ("first-list", "largest")
CONFLICTS = ("drop", "keep")
"""Which of several copies stays, and what becomes of copies with different labels."""

# Measured on 2,640 photographs of groceries with 1,400 edited copies: copies have at least 0.992; of 3.5 million pairs
# of different photographs only two reach that, which show one scene.
SIMILARITY = 0.992

# A shorter text (without digits, spaces and signs) may occur on pictures that have nothing else in common.
MIN_CHARACTERS = 20

# Jaccard index of runs of three letters. Measured by benchmarks/near_texts.py: of copies with 2 % of the characters
# misread 97 to 100 % have it; of 2,640 photographs of groceries it joins 86.
TEXT_SIMILARITY = 0.7

EXTENSION_OF = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}

ORDERS = ("loss", "margin")
"""What the queue of a review is sorted by."""

TOKENIZERS = ("word", "jieba")
"""Tokenizers of the statistics of words."""


def add_common_arguments(
    parser: argparse.ArgumentParser, seed: bool = False, workers: bool = False, excel: bool = True
) -> None:
    """Add the options that the tools share.

    Args:
        parser: The parser; it gets ``--root``, ``--dry-run`` and ``--overwrite``.
        seed: Whether to add ``--seed``, for tools that draw at random.
        workers: Whether to add ``--workers``, for tools that read images.
        excel: Whether to add ``--excel``, for tools that write lists.
    """
    parser.add_argument(
        "--root", type=Path, help="image root, which the paths are relative to (default: the folder of the list)"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and write nothing")
    parser.add_argument("--overwrite", action="store_true", help="replace existing results")
    if excel:
        parser.add_argument("--excel", action="store_true", help=EXCEL)
    if seed:
        parser.add_argument("--seed", type=int, default=0, help="another seed gives another draw (default: 0)")
    if workers:
        parser.add_argument("--workers", type=int, default=available_cores(), help="processes (default: one per core)")
