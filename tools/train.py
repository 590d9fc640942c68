#!/usr/bin/env python
"""Train a model: ``python tools/train.py CONFIG [--work-dir DIR] [--resume] [--amp] [--cfg-options k=v ...]``.

CONFIG is a config of kdxf or an unmodified one of MMPretrain. Keys that are used: ``model``, ``train_dataloader``,
``train_cfg``, ``optim_wrapper``, ``param_scheduler``; for validation ``val_dataloader``, ``val_cfg``,
``val_evaluator`` (all three None: none); and ``default_hooks``, ``custom_hooks``, ``visualizer``, ``log_processor``,
``log_level``, ``env_cfg``, ``randomness``, ``load_from``, ``resume``, ``work_dir``, ``auto_scale_lr``,
``default_scope``, ``find_unused_parameters``, ``stages``.

Settings: 1. the options below, 2. --cfg-options, 3. the config.
Weights: 1. --resume (all state), 2. load_from (weights that fit), 3. init_cfg of the model's parts, 4. from scratch.

With ``stages = [dict(name="warm-up", ...), dict(name="fine-tune", ...)]`` the trainings run one after the other, each
in its own folder (``1_warm-up``), with its keys merged over the config, and from the best weights of the previous one;
--resume skips finished stages.

The work folder gets the resolved config, the checkpoints, and one folder per run with the log (its head describes
the machine and its software) and the curves. For several processes use tools/dist_train.sh.
"""

import argparse

from kdxf.cli.arguments import add_run_arguments
from kdxf.cli.command import run
from kdxf.cli.importing import importing


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config file")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        default=False,
        metavar="CHECKPOINT",
        help="continue from CHECKPOINT, or from the last one in the work folder",
    )
    parser.add_argument("--no-validate", action="store_true", help="train without validation")
    parser.add_argument("--auto-scale-lr", action="store_true", help="scale the learning rate by the total batch size")
    parser.add_argument("--no-persistent-workers", action="store_true", help="start loader workers each epoch")
    parser.add_argument("--seed", type=int, help="seed of all random numbers (default: randomness.seed)")
    parser.add_argument("--deterministic", action="store_true", help="reproducible algorithms, slower on a GPU")
    add_run_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Train the config, or its stages one after the other."""
    args = parse_args()
    with importing():
        from kdxf.apis.train import train
        from kdxf.engine.config import load_config

    cfg = load_config(args.config, args.cfg_options)
    if args.work_dir:
        cfg.work_dir = args.work_dir
    train(
        cfg,
        resume=args.resume,
        amp=args.amp,
        validate=not args.no_validate,
        auto_scale_lr=args.auto_scale_lr,
        pin_memory=not args.no_pin_memory,
        persistent_workers=not args.no_persistent_workers,
        launcher=args.launcher,
        seed=args.seed,
        deterministic=args.deterministic,
        trust_checkpoint=args.trust_checkpoint,
    )


if __name__ == "__main__":
    run(main)
