#!/usr/bin/env python
"""Score a checkpoint: ``python tools/test.py CONFIG CHECKPOINT [--tta] [--without text] [--out predictions.csv]``.

CONFIG is a config of kdxf or an unmodified one of MMPretrain. Keys that are used: ``model``, ``test_dataloader``,
``test_cfg``, ``test_evaluator``; with --tta ``tta_model`` and ``tta_pipeline``; with --show-dir
``default_hooks.visualization``; and ``custom_hooks``, ``visualizer``, ``log_processor``, ``log_level``, ``env_cfg``,
``work_dir``, ``default_scope``. A config with ``stages`` means its last stage; for an earlier one use the resolved
config in that stage's folder.

Settings: 1. the options below, 2. --cfg-options, 3. the config. For several processes use tools/dist_test.sh. To
predict images without labels use tools/inference.py.
"""

import argparse

from kdxf.cli.arguments import add_run_arguments
from kdxf.cli.command import run
from kdxf.cli.importing import importing
from kdxf_runtime.io.cells import EXCEL


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config file")
    parser.add_argument("checkpoint", help="checkpoint file")
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="table of predictions, .csv or .parquet (which also has the scores of all classes); "
        "the metrics go into FILE's name with .metrics.json",
    )
    parser.add_argument(
        "--topk", type=int, metavar="K", help="write only the K best scores of each image into a .parquet FILE"
    )
    parser.add_argument("--excel", action="store_true", help=EXCEL)
    parser.add_argument("--tta", action="store_true", help="average over several views of each image")
    parser.add_argument(
        "--without",
        choices=("image", "text", "table"),
        help="blank every image, or remove every text or table, to measure its value",
    )
    parser.add_argument(
        "--shuffle", choices=("text",), help="give each image another one's text, to measure how the model takes it"
    )
    parser.add_argument("--show-dir", metavar="DIR", help="draw the predictions on the images, into this folder")
    parser.add_argument("--interval", type=int, default=1, metavar="N", help="draw every N-th image")
    add_run_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Test the checkpoint."""
    args = parse_args()
    with importing():
        from kdxf.apis.test import test
        from kdxf.engine.config import load_config

    cfg = load_config(args.config, args.cfg_options)
    if args.work_dir:
        cfg.work_dir = args.work_dir
    test(
        cfg,
        args.checkpoint,
        out=args.out,
        excel=args.excel,
        topk=args.topk,
        tta=args.tta,
        without=args.without,
        shuffle=args.shuffle,
        amp=args.amp,
        show_dir=args.show_dir,
        show_interval=args.interval,
        pin_memory=not args.no_pin_memory,
        launcher=args.launcher,
        trust_checkpoint=args.trust_checkpoint,
    )


if __name__ == "__main__":
    run(main)
