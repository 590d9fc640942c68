"""Predict pictures with a bundle: ``kdxf-run BUNDLE PICTURES --save_csv out.csv``.

BUNDLE is what kdxf export wrote, a folder or a file. PICTURES are pictures, folders, lists (a table with a column
image, or a text with a path per line, with a label or without; paths are relative to the list), tar shards and
addresses (s3://bucket/folder), in any mixture. The CSV is that of kdxf inference: one row per picture, in their order,
image_id, category_id, the columns that are asked for, and error: why the picture could not be read, else empty. Text is
read now, with the OCR models of the bundle.

--parts FOLDER is for very many pictures: their predictions are added to the folder as Parquet parts, and the same
command continues a job that was interrupted. --executor ray spreads it over a Ray cluster, whose machines see the
bundle and the pictures under the same paths. --save_csv then writes the CSV in the end; --per-class, --topk or
--back-off keeps the scores of all classes.

--nearest GALLERY answers by a gallery that kdxf index made, with classes that the model was never trained on. The CSV
has the columns image_id, label, share (of the similarity of the nearest pictures), similarity (of the nearest one),
nearest (the pictures, joined by |) and error.
"""

import argparse
import sys
from collections.abc import Sequence

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.machine import available_cores
from kdxf_runtime.options import add_columns, add_parts, check_parts, columns_of


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="kdxf-run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("bundle", metavar="BUNDLE", help="folder or file that kdxf export wrote")
    add("inputs", nargs="+", metavar="PICTURES", help="pictures, folders, lists, tar shards, addresses")
    add("--save_csv", "--save-csv", metavar="FILE", help="the table of predictions")
    add_columns(parser)
    add("--tta", action="store_true", help="average over the views of test-time augmentation")
    add("--nearest", metavar="GALLERY", help="answer by the nearest pictures of this gallery")
    add("--neighbours", type=int, default=5, metavar="K", help="with --nearest: pictures that are asked (default: 5)")
    add_parts(parser)
    add("--workers", type=int, metavar="N", help="processes (default: one per core, of this machine or of the cluster)")
    args = parser.parse_args(arguments)
    check_parts(parser, args)
    if args.parts is not None and args.nearest is not None:
        parser.error("--nearest: its answers do not go into --parts; leave one of them out")
    if args.workers is None and args.executor == "processes":
        args.workers = available_cores()
    return args


def main(arguments: Sequence[str] | None = None) -> int:
    """Predict the pictures and print a report; return the exit status.

    It is 2, with one line on standard error, for what the user can fix, and 130 after Ctrl-C.
    """
    args = parse_args(arguments)
    from kdxf_runtime.many import predict_many
    from kdxf_runtime.nearest import nearest_csv
    from kdxf_runtime.predict import Settings

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
            report = predict_many(args.bundle, args.inputs, settings, columns_of(args), args)
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
