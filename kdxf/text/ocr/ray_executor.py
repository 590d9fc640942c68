"""OCR on a Ray cluster: Ray Data distributes the images and collects the rows."""

import contextlib
import logging
import os
import socket
import sys
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
from kdxf_runtime.optional import require

# Rows are returned per task: few enough images that a killed job loses little, enough to hide Ray's overhead.
_IMAGES_PER_TASK = 16
_TASKS_PER_WORKER = 4
# A private Ray holds only paths and words; its default is a third of the memory.
_OBJECT_STORE_BYTES = 1 << 28
_CONNECT_SECONDS = 10


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
        self._ray: Any = require("ray", "ray", "--executor ray")
        self._data: Any = require("ray.data", "ray", "--executor ray")
        self._arguments = (dict(engine), root.absolute(), tuple(imports))
        self._joined = self._ray.is_initialized()
        try:
            if not self._joined:
                _connect(self._ray, address, count)
            self._count = count or max(1, int(self._ray.cluster_resources().get("CPU", 1)))
            self.engine_name = self._ask_engine_name()
        except BaseException:
            self.close()
            raise

    def read(self, images: Sequence[str]) -> Iterator[OCRRecord]:
        """Read the images on the cluster and yield their records in the order in which blocks are done.

        Raises:
            UserError: Ray fails, for instance because the cluster is gone; a later job continues.
        """
        if not images:
            return
        size = max(1, min(_IMAGES_PER_TASK, len(images) // (_TASKS_PER_WORKER * self._count)))
        keys = pa.table({"image": pa.array(images, pa.string())})
        blocks = [keys.slice(start, size) for start in range(0, len(images), size)]
        rows = self._data.from_arrow(blocks).map_batches(
            _Reader,
            fn_constructor_args=self._arguments,
            batch_size=None,
            batch_format="pyarrow",
            compute=self._data.ActorPoolStrategy(size=min(self._count, len(blocks))),
            num_cpus=1,
        )
        try:
            for batch in rows.iter_batches(batch_size=None, batch_format="pyarrow"):
                yield from OCRTable(batch, Path())
        except self._ray.exceptions.RayError as error:
            raise UserError(f"Ray: {_reason(error)}; the same command continues") from error

    def close(self) -> None:
        """Disconnect from the cluster, or shut down the private Ray."""
        if not self._joined:
            self._ray.shutdown()

    def _ask_engine_name(self) -> str:
        try:
            return str(self._ray.get(self._ray.remote(_engine_name).remote(*self._arguments)))
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None


def _connect(ray: Any, address: str | None, count: int | None) -> None:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        own = {"num_cpus": count, "include_dashboard": False, "object_store_memory": _OBJECT_STORE_BYTES}
        options.update(own, address="local")
    else:
        _check_address(address)
        options["address"] = address
    # Ray's native code warns about every actor that may be restarted, and about being told not to warn.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        with _silent_stderr():
            ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        what = "cannot start Ray" if address is None else f"--ray-address {address}: cannot join this Ray cluster"
        raise UserError(f"{what} ({_reason(error)})") from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # its errors come as exceptions, too


def _check_address(address: str) -> None:
    """Connect to ``host:port`` once: Ray itself tries a dead address for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        try:
            socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
        except OSError as error:
            raise UserError(f"--ray-address {address}: no Ray cluster answers there ({error})") from error


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Discard what native code writes to standard error; failures come as exceptions."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as null:
            os.dup2(null.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


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


def _reason(error: Exception) -> str:
    """Return one line of Ray's long error: the message of kdxf on the cluster if there is one, else the last line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    prefix = f"{UserError.__module__}.{UserError.__name__}: "
    messages = [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]
    return [type(error).__name__, *lines, *messages][-1]
