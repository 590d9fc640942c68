"""Command-line arguments that the tools of training and testing share."""

import argparse
from typing import Any

LAUNCHERS = ("none", "pytorch", "slurm", "mpi")


class ConfigOptions(argparse.Action):
    """Option of ``key=value`` pairs, which mmengine reads; a malformed pair ends in a usage error, not a traceback."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the pairs in the namespace as a dict."""
        from mmengine.config import DictAction

        try:
            DictAction(self.option_strings, self.dest)(parser, namespace, values, option_string or "")
        except (ValueError, SyntaxError) as error:
            parser.error(f"{option_string} {' '.join(values)}: expected key=value pairs ({error})")
        except (RecursionError, AssertionError):  # mmengine's reader takes no brackets within brackets of another kind
            parser.error(f"{option_string} {' '.join(values)}: give dicts key by key, such as a.b=1 a.c=2")


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of both training and testing.

    Args:
        parser: Gets ``--work-dir``, ``--cfg-options``, ``--amp``, ``--no-pin-memory``, ``--trust-checkpoint``,
            ``--launcher`` and, for launchers that pass it, ``--local_rank``.
    """
    parser.add_argument(
        "--work-dir", help="folder for logs and results (default: work_dirs/A/B for the config configs/A/B.py)"
    )
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=ConfigOptions,
        metavar="KEY=VALUE",
        help='replace settings of the config, such as train_dataloader.batch_size=16 or key="[a,b]"',
    )
    parser.add_argument("--amp", action="store_true", help="mixed precision: float16 on a GPU, bfloat16 on a CPU")
    parser.add_argument("--no-pin-memory", action="store_true", help="do not pin the loaders' pages for the GPU")
    parser.add_argument(
        "--trust-checkpoint", action="store_true", help="load checkpoints that may run code; only your own"
    )
    parser.add_argument("--launcher", choices=LAUNCHERS, default="none", help="who started the processes")
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0, help=argparse.SUPPRESS)
