#!/usr/bin/env python
"""Make a page about a trained model: ``python tools/report.py CONFIG CHECKPOINT --out report.html``.

How good it is beside the plainest models, where it errs and why, class by class, what image and text are worth, and
whether its scores can be trusted, on the test list of CONFIG (another: --list). One file, which fetches nothing and
goes as a mail attachment. CONFIG may be the folder of kdxf fit, which then needs no CHECKPOINT.

The predictions stay beside the page (report.parquet, report_image.parquet, ...). With --predictions they are taken
from files and the model is not run, so the page lacks heatmaps and gates:

    tools/report.py CONFIG --predictions both.parquet image=image.parquet text=text.parquet --out report.html
"""

import argparse
from pathlib import Path

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import count, named_files, run
from kdxf.cli.importing import importing
from kdxf.errors import UserError

FORMATS = {"html": ".html", "csv": ".csv", "fiftyone": ""}


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="config file, or the folder of kdxf fit")
    parser.add_argument("checkpoint", nargs="?", type=Path, help="its weights")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the page, .html")
    parser.add_argument("--format", choices=FORMATS, help="csv: a table of the images, --out is its .csv; fiftyone: a "
                        "dataset, --out is its folder (default: by the ending of --out)")  # fmt: skip
    parser.add_argument("--predictions", nargs="+", metavar="[NAME=]FILE",
                        help="files of tools/test.py --out: the first of the model as it is, image=, text=, shuffled= "
                        "with less to see")  # fmt: skip
    parser.add_argument("--list", type=Path, metavar="FILE", help="labelled list (default: that of test_dataloader)")
    parser.add_argument("--errors", type=count, default=24, metavar="N", help="wrong answers shown (default: 24)")
    parser.add_argument("--quick", action="store_true", help="leave out baselines, heatmaps and gates")
    parser.add_argument("--workers", type=count, default=1, help="processes that load images (default: 1)")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: the GPU if there is one)")
    parser.add_argument("--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="other settings")
    return parser.parse_args()


def main() -> None:
    """Make the page."""
    args = parse_args()
    endings = [FORMATS[args.format]] if args.format else [".html", ".csv"]
    if args.out.suffix not in endings:
        ending = f"end with {' or '.join(endings)}" if endings != [""] else "be that of a folder, without an ending"
        raise UserError(f"--out {args.out}: the name must {ending}")
    with importing():
        from kdxf.analysis.report.make import make_report

    make_report(
        args.config,
        args.checkpoint,
        args.out,
        predictions=args.predictions and named_files(args.predictions, "--predictions"),
        listed=args.list,
        errors=args.errors,
        quick=args.quick,
        workers=args.workers,
        device=args.device,
        options=args.cfg_options,
    )
    print(f"written to {args.out}")


if __name__ == "__main__":
    run(main)
