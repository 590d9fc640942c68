"""Predict pictures with a bundle: ``kdxf-run BUNDLE PICTURES --save_csv out.csv``.

BUNDLE is what kdxf export wrote, a folder or a file. PICTURES are pictures and folders, in any mixture. The CSV is that
of kdxf inference: one row per picture, in their order, image_id, category_id, the columns that are asked for, and
error: why the picture could not be read, else empty. Text is read now, with the OCR models of the bundle.

--nearest GALLERY answers by a gallery that kdxf index made, with classes that the model was never trained on. The CSV
has the columns image_id, label, share (of the similarity of the nearest pictures), similarity (of the nearest one),
nearest (the pictures, joined by |) and error.
"""

import argparse
import sys
from collections.abc import Sequence

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.machine import available_cores
from kdxf_runtime.options import add_columns, columns_of


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="kdxf-run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("bundle", metavar="BUNDLE", help="folder or file that kdxf export wrote")
    add("inputs", nargs="+", metavar="PICTURES", help="pictures and folders")
    add("--save_csv", "--save-csv", required=True, metavar="FILE", help="the table of predictions")
    add_columns(parser)
    add("--tta", action="store_true", help="average over the views of test-time augmentation")
    add("--nearest", metavar="GALLERY", help="answer by the nearest pictures of this gallery")
    add(
        "--neighbours",
        type=int,
        default=5,
        metavar="K",
        help="with --nearest: how many pictures are asked (default: 5)",
    )
    add("--workers", type=int, default=available_cores(), metavar="N", help="processes (default: one per core)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Predict the pictures and print a report; return the exit status.

    It is 2, with one line on standard error, for what the user can fix, and 130 after Ctrl-C.
    """
    args = parse_args(arguments)
    from kdxf_runtime.nearest import nearest_csv
    from kdxf_runtime.predict import Settings, predict_csv

    settings = Settings(args.tta, args.read_text)
    try:
        if args.nearest is not None:
            report = nearest_csv(
                args.bundle,
                args.nearest,
                args.inputs,
                args.save_csv,
                settings,
                neighbours=args.neighbours,
                excel=args.excel,
                workers=args.workers,
            )
        else:
            report = predict_csv(
                args.bundle,
                args.inputs,
                args.save_csv,
                settings,
                columns=columns_of(args),
                excel=args.excel,
                precision=args.precision,
                review=args.review,
                workers=args.workers,
            )
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a folder that nobody may write to
        print(f"error: {error.filename or args.save_csv}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
