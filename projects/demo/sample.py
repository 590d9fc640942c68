#!/usr/bin/env python
"""Copies a sample of the committed advertisements of data/demo, laid out as make_demo.py does; needs no font."""

import argparse
import shutil
from pathlib import Path

from advertisements.generate import IMAGES, TEST, clear, write_lists

from kdxf.cli.command import count, run
from kdxf.data.split import Split, format_summary
from kdxf.errors import UserError

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


def copy_sample(source: Path, folder: Path, labelled: int, unlabelled: int, overwrite: bool = False) -> Split:
    """Copy the first pictures of each class, and the first test pictures, and write the lists.

    Args:
        source: A folder that make_demo.py filled.
        folder: The folder to fill.
        labelled: Labelled pictures per class, at least 2.
        unlabelled: Test pictures per class; the first of the mixed test pictures, so that classes may be uneven.
        overwrite: Whether pictures and lists in ``folder`` are replaced.

    Returns:
        The lists, as :func:`advertisements.generate.write_lists` wrote them.

    Raises:
        UserError: ``source`` holds too few pictures, or ``folder`` holds some and ``overwrite`` is off.
    """
    if labelled < 2:
        raise UserError(f"{labelled} labelled images per class: needs at least 2, of which one is for validation")
    classes = sorted(path for path in (source / IMAGES).glob("*") if path.is_dir())
    if not classes:
        raise UserError(f"{source / IMAGES}: no folder of a class")
    wanted = {f"{IMAGES}/{path.name}": labelled for path in classes} | {TEST: unlabelled * len(classes)}
    copied: list[Path] = []
    for name, number in wanted.items():
        pictures = sorted((source / name).glob("*.jpg"))
        if len(pictures) < number:
            raise UserError(f"{source / name}: {len(pictures)} pictures, not the {number} asked for; ask for fewer")
        copied += [picture.relative_to(source) for picture in pictures[:number]]
    clear(folder, overwrite)
    for picture in copied:
        (folder / picture).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / picture, folder / picture)
    return write_lists(folder, overwrite=overwrite)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to fill")
    parser.add_argument("--labelled", type=count, default=6, help="labelled images per class, 2 to 54 (default: 6)")
    parser.add_argument("--unlabelled", type=count, default=1, help="test images per class, 1 to 4 (default: 1)")
    parser.add_argument("--overwrite", action="store_true", help="replace the pictures and lists that exist")
    return parser.parse_args()


def main() -> None:
    """Copy the sample and print its lists in short."""
    args = parse_args()
    print(format_summary(copy_sample(DEMO, args.out, args.labelled, args.unlabelled, args.overwrite)))
    print(f"written to {args.out}")


if __name__ == "__main__":
    run(main)
