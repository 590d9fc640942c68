#!/usr/bin/env python
"""Shrink images to a longest edge before training; the folder tree stays, the input is never changed.

    python tools/data/resize.py data/mine/train.csv --out data/mine600 --out-list data/mine600/train.csv

Small images are copied as they are (or hard-linked with --link); none is enlarged. Pictures that are rotated according
to EXIF become upright, with --ocr also those whose text lies on its side or upside down, as the table says
(tools/ocr.py --engine-options rotations=0,90,180,270); --ocr-out is the table of the results. ICC profile, EXIF, XMP
and transparency are kept; what a format cannot keep is reported. The same command continues a job that was killed.
Without --ocr an OCR table of the large images remains valid: its boxes are used as fractions of the width and height
that it records.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run
from kdxf.data.options import EXTENSION_OF, add_common_arguments
from kdxf.errors import UserError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("source", type=Path, help="list or folder of images")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="root of the results")
    parser.add_argument("--edge", type=int, default=600, help="longest edge in pixels (default: %(default)s)")
    parser.add_argument("--quality", type=int, default=90, help="of JPEG and WebP, 1 to 100 (default: %(default)s)")
    parser.add_argument("--format", choices=sorted(kind.lower() for kind in EXTENSION_OF), help="default: as it was")
    parser.add_argument("--link", action="store_true", help="hard-link small images instead of copying them")
    parser.add_argument(
        "--out-list", type=Path, metavar="CSV", help="the list with the new paths, without failed images"
    )
    parser.add_argument("--ocr", type=Path, metavar="TABLE", help="turn pictures so that their text stands upright")
    parser.add_argument("--ocr-out", type=Path, metavar="DIR", help="OCR table of the results")
    parser.add_argument(
        "--notes", type=Path, metavar="CSV", help="what failed or could not be kept: image, action, note"
    )
    add_common_arguments(parser, workers=True)
    args = parser.parse_args()
    if (args.ocr is None) != (args.ocr_out is None):
        raise UserError("--ocr and --ocr-out belong together; give both or neither")
    return args


def main() -> None:
    """Resize the images and print what was done."""
    args = parse_args()
    from kdxf.data.lists import check_result, read_list, write_lists
    from kdxf.data.pictures.resize import Resizing, format_result, resize
    from kdxf.data.pictures.turned_table import check_new_table, turns_of, write_upright_table
    from kdxf.text.ocr.table import OCRTable

    images = read_list(args.source, args.root)
    job = Resizing(
        root=images.root,
        out=args.out,
        edge=args.edge,
        kind=args.format and args.format.upper(),
        quality=args.quality,
        link=args.link,
        overwrite=args.overwrite,
        dry_run=args.dry_run,
    )
    for path in filter(None, (args.out_list, args.notes)):
        check_result(path, [args.source], args.overwrite)
    table = OCRTable.open(args.ocr) if args.ocr else None
    turns = turns_of(table) if table is not None else {}
    if table is not None:
        check_new_table(table, args.ocr_out, args.overwrite)
    result = resize(images, job, args.workers, turns)
    frames = {args.out_list: result.frame, args.notes: result.notes}
    frames = {path: frame for path, frame in frames.items() if path}
    write_lists(frames, [args.source], dry_run=args.dry_run, overwrite=args.overwrite, excel=args.excel)
    print(format_result(result))
    if table is not None:
        print(f"turned by their text: {len(turns.keys() & set(images.frame['image']))}")
    if table is not None and not args.dry_run:
        made = zip(images.frame["image"][result.frame.index], result.frame["image"], strict=True)
        files = {image: (name, args.out / name) for image, name in made}
        write_upright_table(table, files, args.ocr_out, args.overwrite)
    if args.dry_run:
        print("dry run: nothing was written")


if __name__ == "__main__":
    run(main)
