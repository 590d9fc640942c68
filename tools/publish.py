#!/usr/bin/env python
"""Make a checkpoint for inference: ``python tools/publish.py work_dirs/moe_r101/epoch_110.pth models/moe_r101.pth``.

Optimizer, schedulers and log history are dropped, weights and meta information (class names, config) are kept, and the
name gets the first digits of the file's SHA-256. ``--part image_backbone`` (or ``head``) publishes only a part, for
``init_cfg=dict(type="Pretrained", checkpoint=..., prefix="image_backbone.")`` or ``load_from`` of another model.
"""

import argparse

from kdxf.cli.command import run


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="checkpoint of a training run")
    parser.add_argument("out", help="file to write, NAME.pth; its digest is appended to NAME")
    parser.add_argument("--no-ema", action="store_true", help="keep the optimizer's weights, not their average")
    parser.add_argument("--part", help="keep only one part of the model, such as image_backbone or head")
    parser.add_argument("--trust-checkpoint", action="store_true", help="load a checkpoint that can run code")
    return parser.parse_args()


def main() -> None:
    """Write the checkpoint and print its path."""
    args = parse_args()
    from kdxf.engine.checkpoint import trusting_checkpoints
    from kdxf.engine.publish import publish_checkpoint

    with trusting_checkpoints(args.trust_checkpoint):
        print(publish_checkpoint(args.checkpoint, args.out, ema=not args.no_ema, part=args.part))


if __name__ == "__main__":
    run(main)
