"""A table of the costs of configs, each measured in a process of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from mmengine.config import Config

from kdxf.analysis.cost_measure import Cost, machine, measure
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.io.pages import markdown_table
from kdxf_runtime.io.files import write_whole

SUFFIXES = (".md", ".csv")
_GIB = 2**30


def cost_sheet(
    configs: Sequence[str | Path],
    *,
    options: Mapping[str, Any] | None = None,
    batch_size: int | None = None,
    images: int | None = None,
    memory: int | None = None,
    steps: int = 5,
) -> Iterator[dict[str, Any]]:
    """Measure configs one after the other.

    Args:
        configs: The files.
        options: ``--cfg-options``, for all of them.
        batch_size: By default each config's own.
        images: Images of one epoch, for the hours of a training.
        memory: Bytes of GPU memory, to find the largest batch for.
        steps: Number of timed steps.

    Yields:
        A row of the table for each config, see :func:`table_row`; for one that cannot be measured ``config`` and
        ``error`` alone.

    Raises:
        UserError: ``memory`` is given, and there is no GPU or it has less.
    """
    if memory is not None:
        _check_memory(memory)
    for path in configs:
        try:
            cfg = load_config(path, options)
            cost = _in_own_process(_measure, path, options, batch_size, steps, memory)
        except UserError as error:
            yield {"config": str(path), "error": str(error)}
        else:
            yield table_row(str(path), cost, hours(cfg, cost, images))


def hours(cfg: Config, cost: Cost, images: int | None) -> float | None:
    """Return the hours of all steps of a training, without loading and validation.

    Args:
        cfg: Its ``train_cfg`` has the number of epochs, or of steps.
        cost: Its cost.
        images: Images of one epoch.

    Returns:
        None if the number of steps is not known: no ``images``, or several ``stages``.
    """
    train_cfg = cfg.get("train_cfg") or {}
    steps = train_cfg.get("max_iters")
    if train_cfg.get("by_epoch", True):
        steps = None if images is None else train_cfg.get("max_epochs", 0) * images / cost.batch_size
    return None if not steps or cfg.get("stages") else steps * cost.train_seconds / 3600


def table_row(name: str, cost: Cost, training_hours: float | None) -> dict[str, Any]:
    """Name and round the figures of a config.

    Args:
        name: The config's name.
        cost: Its cost.
        training_hours: Result of :func:`hours`.
    """
    row = {
        "config": name,
        "inputs": ", ".join(f"{key} {'x'.join(map(str, shape))}" for key, shape in cost.inputs.items()),
        "parameters (M)": round(cost.parameters / 1e6, 2),
        "GMACs per image": round(cost.macs / 1e9, 3),
        "batch": cost.batch_size,
        "train (ms/step)": round(1000 * cost.train_seconds, 1),
        "train (ms/image)": round(1000 * cost.train_seconds / cost.batch_size, 2),
        "train (GiB)": round(cost.train_memory / _GIB, 2),
        "predict (ms/image)": round(1000 * cost.predict_seconds / cost.batch_size, 2),
        "predict (GiB)": round(cost.predict_memory / _GIB, 2),
    }
    if training_hours is not None:
        row["training (hours)"] = round(training_hours, 2)
    if cost.largest_batch is not None:
        row["largest batch"] = cost.largest_batch
    return row


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write the table in Markdown, with a line on where and how it was measured."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = ([str(row.get(name, "")) for name in columns] for row in rows)
    where = "reserved by PyTorch on the GPU" if torch.cuda.is_available() else "of the whole process"
    legend = (
        f"Measured on {machine()}; random weights and inputs, medians. Steps alone: loading, hooks and validation come "
        f"on top. Memory: peak {where}."
    )
    return markdown_table(columns, cells) + f"\n{legend}\n"


def write_sheet(rows: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Write the table as ``.md`` or ``.csv``; the latter has a column ``machine``.

    Raises:
        UserError: The name ends otherwise.
    """
    path = Path(path)
    check_name(path)
    text = markdown(rows) if path.suffix == ".md" else pd.DataFrame(rows).assign(machine=machine()).to_csv(index=False)
    write_whole(text.encode(), path)


def check_name(path: Path) -> None:
    """Check that a table can be written under this name.

    Raises:
        UserError: It ends neither with ``.md`` nor with ``.csv``.
    """
    if path.suffix not in SUFFIXES:
        raise UserError(f"--out {path}: the name must end with {' or '.join(SUFFIXES)}")


def _check_memory(memory: int) -> None:
    if not torch.cuda.is_available():
        raise UserError("--memory: the largest batch is found by trying on a GPU, and there is none here; leave it out")
    available = torch.cuda.get_device_properties(0).total_memory
    if memory > available:
        raise UserError(f"--memory: {memory / _GIB:.1f} GiB are asked for, but the GPU has {available / _GIB:.1f}")


def _measure(
    path: str | Path, options: Mapping[str, Any] | None, batch_size: int | None, steps: int, memory: int | None
) -> Cost:
    return measure(load_config(path, options), batch_size=batch_size, steps=steps, memory=memory)


def _in_own_process(work: Callable[..., Cost], *arguments: Any) -> Cost:
    """Run in a new process, which has its own memory peak and can run out of memory alone."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(work, *arguments).result()
        except BrokenProcessPool as error:
            raise UserError("the process was killed, probably for want of memory; try --batch-size") from error
