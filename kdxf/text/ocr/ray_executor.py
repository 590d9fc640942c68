"""OCR on a Ray cluster: Ray Data distributes the images and collects the rows."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from kdxf.errors import UserError
from kdxf.text.ocr.build import build_engine
from kdxf.text.ocr.table import OCRTable, to_arrow
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.ocr.workers import OCRExecutor, OCRWorkers
from kdxf_runtime.ray_group import RayGroup


class RayExecutor(OCRExecutor):
    """Executor that reads images with Ray Data, on a cluster or on this machine alone.

    Every Ray worker runs its engine in a separate process: Ray Data would retry a crashed task forever, but an image
    that crashes the engine must become a row.

    Args:
        engine: Config of the engine, ``dict(type='RapidOCREngine', ...)``.
        root: Folder that the image keys are relative to, under the same path on every machine of the cluster.
        count: Number of workers; by default one per core of the cluster.
        imports: Modules that each worker imports first, to register engines from outside kdxf.
        address: A running cluster (``host:6379``, or ``auto`` on one of its machines), which is left running. By
            default a private Ray on this machine, which ends with this executor. A Ray that this process has already
            joined is used as it is.

    Raises:
        UserError: Ray is not installed, the cluster does not answer, its machines do not see ``root``, or they
            cannot build the engine.
    """

    def __init__(
        self,
        engine: Mapping[str, Any],
        root: Path,
        count: int | None = None,
        imports: Sequence[str] = (),
        address: str | None = None,
    ) -> None:
        self._arguments = (dict(engine), root.absolute(), tuple(imports))
        self._group = RayGroup(count, address)
        try:
            self.engine_name = str(self._group.ask(_engine_name, *self._arguments))
        except BaseException:
            self.close()
            raise

    def read(self, images: Sequence[str]) -> Iterator[OCRRecord]:
        """Read the images on the cluster and yield their records in the order in which blocks are done.

        Raises:
            UserError: Ray fails, for instance because the cluster is gone; a later job continues.
        """
        keys = pa.table({"image": pa.array(images, pa.string())})
        for batch in self._group.map(keys, _Reader, *self._arguments):
            yield from OCRTable(batch, Path())

    def close(self) -> None:
        """Disconnect from the cluster, or shut down the private Ray."""
        self._group.close()


class _Reader:
    """Callable of a Ray worker that turns a block of keys into a block of rows.

    The engine starts with the first block: an error there ends the job with one line, an error in the constructor
    with pages of traceback.
    """

    def __init__(self, engine: dict[str, Any], root: Path, imports: tuple[str, ...]) -> None:
        self._arguments = (engine, root, imports)
        self._workers: OCRWorkers | None = None

    def __call__(self, keys: pa.Table) -> pa.Table:
        if self._workers is None:
            self._workers = _start(*self._arguments)
        return to_arrow(list(self._workers.read(keys["image"].to_pylist())))


def _engine_name(engine: dict[str, Any], root: Path, imports: tuple[str, ...]) -> str:
    """Build the engine on the cluster and return its name."""
    with _start(engine, root, imports) as workers:
        return workers.engine_name


def _start(engine: dict[str, Any], root: Path, imports: tuple[str, ...]) -> OCRWorkers:
    if not root.is_dir():
        raise UserError(f"{root}: a Ray worker does not see this folder; put the images on storage that all share")
    return OCRWorkers(partial(build_engine, engine, imports), root, 1)
