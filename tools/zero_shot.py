#!/usr/bin/env python
"""Predict images without training: ``kdxf zero-shot --model FOLDER --classes CLASSES INPUT ... --save_csv out.csv``.

FOLDER is a pretrained pair of an image and a text encoder in Hugging Face's format: CLIP, SigLIP, SigLIP 2 or
Chinese-CLIP. It reads the name of each class in a few sentences (--prompts; English and Chinese ones are built in), and
an image belongs to the class whose sentences are nearest to it. With --examples, a labelled list, the classes are the
means of their example images (--by examples), or both together (--by both).

INPUT is images, folders and lists; or --list with --root, whose labels are then compared and written by --save-probs.
The CSV has the columns of tools/inference.py. Features of images are kept in --features: other names, prompts or
examples take seconds.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import count, run
from kdxf.cli.importing import importing
from kdxf_runtime.options import add_class_columns, columns_of


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("inputs", nargs="*", metavar="INPUT", help="images, folders and lists")
    add("--model", required=True, metavar="FOLDER", help="the pretrained pair")
    add("--classes", required=True, type=Path, metavar="FILE", help="class names, one a line")
    add("--list", type=Path, metavar="FILE", help="a list of images, with labels or without, in place of INPUT")
    add("--root", type=Path, default=Path(), metavar="DIR", help="folder that the lists' paths are relative to")
    add("--save_csv", "--save-csv", metavar="FILE", help="the table of predictions")
    add("--save-probs", metavar="FILE", help="the scores of all classes (.parquet), for kdxf report and others")
    add_class_columns(parser)
    add("--class-names", metavar="FILE", help='readable class names: .json {"0": "name"}, .csv (id, name), or .txt')
    add("--prompts", metavar="FILE", help="sentences with {} for the class name, one a line")
    add("--examples", type=Path, metavar="LIST", help="labelled list to learn the classes from")
    add("--shots", type=count, metavar="K", help="take K examples of each class, at random (default: all)")
    add("--seed", type=int, default=0, help="another one takes other examples")
    add("--by", choices=("names", "examples", "both"), help="what says the classes (default: names, or examples)")
    add(
        "--features", type=Path, default=Path("work_dirs/features/pairs"), metavar="DIR", help="where features are kept"
    )
    add("--workers", type=int, default=0, metavar="N", help="processes that load images (default: none besides this)")
    args = parser.parse_args()
    if bool(args.inputs) == (args.list is not None):
        parser.error("give either INPUT or --list")
    return args


def main() -> None:
    """Predict, and print how many images there were and, of a labelled list, how many are right."""
    args = parse_args()
    with importing():
        from kdxf.zero_shot.pair import Pair
        from kdxf.zero_shot.run import EXAMPLES, NAMES, Examples, Listed, zero_shot

    examples = None
    if args.examples is not None:
        examples = Examples(Listed(args.examples, args.root), args.shots, args.seed)
    report = zero_shot(
        Pair(args.model, args.features),
        args.classes,
        args.inputs if args.list is None else Listed(args.list, args.root),
        save_csv=args.save_csv,
        save_probs=args.save_probs,
        columns=columns_of(args),
        excel=args.excel,
        class_names=args.class_names,
        prompts=args.prompts,
        examples=examples,
        by=args.by or (NAMES if examples is None else EXAMPLES),
        workers=args.workers,
    )
    print(report)


if __name__ == "__main__":
    run(main)
