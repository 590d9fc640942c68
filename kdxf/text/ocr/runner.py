"""The OCR job: read many images in parallel into a table, resume after an interruption, and report figures."""

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from kdxf.errors import UserError
from kdxf.text.ocr.build import build_engine
from kdxf.text.ocr.changes import changed_pictures
from kdxf.text.ocr.ray_executor import RayExecutor
from kdxf.text.ocr.table import OCRTable
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf_runtime.io.machine import available_cores
from kdxf_runtime.io.part_files import part_files
from kdxf_runtime.ocr.workers import OCRExecutor, OCRWorkers
from kdxf_runtime.options import EXECUTORS

_SHOWN = 10


@dataclass(frozen=True)
class OCRSummary:
    """The outcome of :func:`kdxf.text.ocr.run_ocr`, over the images asked for.

    Attributes:
        table: Path of the table.
        with_text: Images in which text was found.
        without_text: Images that were read and have none.
        unreadable: ``(image, reason)`` of each image that could not be read.
        unnamed: Files left out because their name is not valid Unicode.
        read: Images read by this job; the others were in the table before.
        seconds: Time spent on reading.
        changed: Images of those read that were in the table before, with the text of another picture.
        undated: Images whose row an earlier version wrote, so that nobody knows whether they have changed since.
    """

    table: Path
    with_text: int
    without_text: int
    unreadable: list[tuple[str, str]]
    unnamed: list[str]
    read: int
    seconds: float
    changed: int = 0
    undated: int = 0

    @classmethod
    def of(
        cls, path: Path, images: Sequence[str], unnamed: Sequence[str], read: int, seconds: float, changed: int = 0
    ) -> "OCRSummary":
        """Count the rows of ``images`` in the table at ``path``."""
        if not images:
            return cls(path, 0, 0, [], list(unnamed), read, seconds, changed)
        table = OCRTable.open(path)
        rows = pa.array(table.rows_of(images))
        errors = table.column("error").take(rows)
        failed = pc.is_valid(errors)
        lines = pc.fill_null(pc.list_value_length(table.column("texts").take(rows)), 0)
        with_text = pc.sum(pc.greater(lines, 0)).as_py() or 0
        names = table.column("image").take(rows).filter(failed).to_pylist()
        unreadable = list(zip(names, errors.filter(failed).to_pylist(), strict=True))
        undated = pc.sum(pc.invert(pc.or_(failed, pc.is_valid(table.column("digest").take(rows))))).as_py() or 0
        without = len(images) - with_text - len(unreadable)
        return cls(path, with_text, without, unreadable, list(unnamed), read, seconds, changed, undated)

    def __str__(self) -> str:
        total = self.with_text + self.without_text + len(self.unreadable)
        lines = [
            f"{self.table}: {total} images, {self.with_text} with text, {self.without_text} without text, "
            f"{len(self.unreadable)} unreadable"
        ]
        if self.read:
            again = f" ({self.changed} again, since they have changed)" if self.changed else ""
            lines.append(f"read {self.read} now{again}, {self.read / max(self.seconds, 1e-9):.1f} images/s")
        if self.undated:
            lines.append(
                f"{self.undated} were read by an earlier version, which kept no digest: whether they have changed "
                "since is unknown; --overwrite reads everything again"
            )
        lines += [f"unreadable: {image}: {reason}" for image, reason in self.unreadable[:_SHOWN]]
        if (rest := len(self.unreadable) - _SHOWN) > 0:
            lines.append(f"... and {rest} more: the rows of the table whose column 'error' is not null")
        lines += [f"left out, rename it (the name is not valid Unicode): {name!a}" for name in self.unnamed[:_SHOWN]]
        if (rest := len(self.unnamed) - _SHOWN) > 0:
            lines.append(f"... and {rest} more such names")
        return "\n".join(lines)


def run_ocr(
    images: Iterable[str],
    root: str | Path,
    out: str | Path,
    engine: Mapping[str, Any],
    *,
    executor: str = "processes",
    workers: int | None = None,
    ray_address: str | None = None,
    imports: Sequence[str] = (),
    part_rows: int = 1000,
    part_seconds: float = 30.0,
    overwrite: bool = False,
    retry_errors: bool = False,
    progress: bool = True,
) -> OCRSummary:
    """Read the text in ``images`` into the table ``out``, skipping the images that it already has.

    An image that has changed since it was read (:mod:`kdxf.text.ocr.changes`) is read again.

    The job may be killed at any moment: only the part not yet written is lost (at most ``part_rows`` images or
    ``part_seconds``), and the same call continues. Ctrl-C saves that part too. An image that cannot be read becomes
    a row with ``error``. The workers are spawned, so a script calls this below ``if __name__ == '__main__':``.

    Args:
        images: Image keys: POSIX paths relative to ``root``, also into tar shards (``shards/000.tar/cat/1.jpg``). One
            that is named twice is read once.
        root: The image root.
        out: The table: a folder of parts.
        engine: Config of the engine, ``dict(type='RapidOCREngine', ...)``.
        executor: ``processes`` on this machine, or ``ray``; see :class:`kdxf.text.ocr.ray_executor.RayExecutor`.
        workers: Number of workers; by default one per core, of this machine or of the Ray cluster.
        ray_address: The Ray cluster to join; by default a private Ray on this machine.
        imports: Modules that register engines from outside kdxf.
        part_rows: Rows in a part of the table.
        part_seconds: Age of a part's first row, in seconds, at which the part is written even if it is not full.
        overwrite: Whether to read everything again.
        retry_errors: Whether to read the images again whose row has an error.
        progress: Whether to show a progress bar.

    Returns:
        The counts over ``images``; its ``str()`` is a report.

    Raises:
        UserError: An option is out of its range, the engine cannot be built, the table belongs to another engine or
            another running job or cannot be written, or there is no such Ray cluster.
    """
    root, out = Path(root), Path(out)
    if workers is not None and workers < 1:
        raise UserError(f"workers must be at least 1, not {workers}")
    names = list(dict.fromkeys(images))
    unnamed = [name for name in names if not _is_unicode(name)]
    if unnamed:
        names = [name for name in names if _is_unicode(name)]
    with (
        _start(executor, engine, root, workers, len(names), imports, ray_address) as group,
        OCRTableWriter(out, group.engine_name, part_rows, part_seconds, overwrite) as writer,
    ):
        if retry_errors:
            writer.drop_errors()
        changed = writer.drop(_changed(out, names, root))
        todo = writer.missing(names)
        start = time.monotonic()
        _fill(writer, group, todo, len(names), progress)
        seconds = time.monotonic() - start
    return OCRSummary.of(out, names, unnamed, len(todo), seconds, changed)


def _changed(out: Path, names: Sequence[str], root: Path) -> list[str]:
    if not part_files(out):
        return []
    changed = changed_pictures(OCRTable.open(out), names, [os.path.join(root, name) for name in names])
    return [names[place] for place in np.flatnonzero(changed).tolist()]


def _start(
    executor: str,
    engine: Mapping[str, Any],
    root: Path,
    workers: int | None,
    images: int,
    imports: Sequence[str],
    ray_address: str | None,
) -> OCRExecutor:
    """Start the executor, with at most as many processes as there are images."""
    if executor == "ray":
        return RayExecutor(engine, root, workers, imports, ray_address)
    if executor != "processes":
        raise UserError(f"executor must be one of {', '.join(EXECUTORS)}, not {executor!r}")
    if ray_address is not None:
        raise UserError(f"--ray-address {ray_address} needs --executor ray")
    return OCRWorkers(
        partial(build_engine, engine, tuple(imports)), root, max(1, min(workers or available_cores(), images))
    )


def _fill(writer: OCRTableWriter, group: OCRExecutor, todo: list[str], total: int, progress: bool) -> None:
    done, bad = total - len(todo), 0
    with tqdm(total=total, initial=done, desc="OCR", unit=" images", smoothing=0.05, disable=not progress) as bar:
        try:
            for record in group.read(todo):
                writer.add(record)
                done += 1
                bar.update()
                if record.error is not None:
                    bad += 1
                    bar.set_postfix(unreadable=bad, refresh=False)
        except KeyboardInterrupt:
            writer.flush()
            bar.close()
            print(f"stopped after {done} of {total} images; the same command continues", file=sys.stderr)
            raise


def _is_unicode(name: str) -> bool:
    """Return whether Parquet (UTF-8) can hold the name; bytes of another encoding appear as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
