#!/usr/bin/env python
"""Make a gallery of pictures with known classes: ``python tools/index.py BUNDLE FOLDER --out gallery``.

FOLDER has one folder of pictures per class, also of classes that the model was never trained on. The embedding of each
picture is kept; 'kdxf-run BUNDLE PICTURES --nearest gallery --save_csv out.csv' then answers with the class of the
pictures that are most alike, and names them. A new class is added by its pictures: --add.
"""

import argparse

from kdxf.cli.command import count, run
from kdxf_runtime.io.machine import available_cores


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("bundle", metavar="BUNDLE", help="folder or file that kdxf export wrote")
    add("folder", metavar="FOLDER", help="folder with one folder of pictures per class")
    add("--out", required=True, metavar="GALLERY", help="the gallery, a folder")
    add("--add", action="store_true", help="add to the gallery that is there")
    add("--tta", action="store_true", help="average over the views of test-time augmentation")
    add("--workers", type=count, default=available_cores(), metavar="N", help="processes (default: one per core)")
    return parser.parse_args()


def main() -> None:
    """Make the gallery and print a report."""
    args = parse_args()
    from kdxf_runtime.nearest import make_gallery
    from kdxf_runtime.predict import Settings

    settings = Settings(tta=args.tta)
    print(make_gallery(args.bundle, args.folder, args.out, settings, add=args.add, workers=args.workers))


if __name__ == "__main__":
    run(main)
