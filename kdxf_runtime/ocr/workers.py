"""Worker processes that read images: each has its own engine, and a crash of one does not end the job."""

import contextlib
import multiprocessing
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType

import cv2

from kdxf_runtime.errors import UserError
from kdxf_runtime.ocr.base import BaseOCREngine
from kdxf_runtime.ocr.image_source import ImageSource
from kdxf_runtime.ocr.record import OCRRecord, read_text

MakeEngine = Callable[[], BaseOCREngine]


class OCRExecutor(ABC):
    """Base class of executors that read images in parallel, as context managers; only their owner writes the table.

    Attributes:
        engine_name: Name of the engine.
    """

    engine_name: str

    @abstractmethod
    def read(self, images: Sequence[str]) -> Iterator[OCRRecord]:
        """Read ``images`` (keys) and yield one record for each, in the order in which they are done.

        No image ends the job: one that cannot be read, or that crashes the engine, has a record with ``error``.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop the workers, even in the middle of an image."""

    def __enter__(self) -> "OCRExecutor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


# A spawned process starts clean (no threads or locks inherited) and imports only what OCR needs.
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class _Ready:
    """A worker's first message: its engine is ready."""

    engine: str


@dataclass(frozen=True)
class _Failed:
    """A worker's first message: its engine cannot be built."""

    reason: str
    user_error: bool


@dataclass
class _Worker:
    process: SpawnProcess
    connection: Connection
    ready: bool = False
    image: str | None = None  # the one it is reading


class OCRWorkers(OCRExecutor):
    """A group of worker processes on this machine that share the reading of images.

    A worker that dies on an image (a crash in native code, no memory) gives that image a record with ``error``, and
    another worker takes its place. The workers end with this process, however it ends, because their pipe closes.

    Args:
        make_engine: Builds the engine; it is pickled, and called in each process.
        root: Folder that the image keys are relative to.
        count: Number of processes.

    Raises:
        UserError: The engine cannot be built.
    """

    def __init__(self, make_engine: MakeEngine, root: Path, count: int) -> None:
        self._arguments = (make_engine, root)
        self._workers: list[_Worker] = []
        try:
            for _ in range(count):
                self._workers.append(self._start())
            first = self._workers[0]
            self.engine_name = self._greet(first, self._receive(first))
        except BaseException:
            self.close()
            raise

    def read(self, images: Sequence[str]) -> Iterator[OCRRecord]:
        """Hand each free worker the next image and yield the records as they come."""
        todo = iter(images)
        active = [worker for worker in self._workers if not worker.ready or self._assign(worker, todo)]
        while active:
            for connection in wait([worker.connection for worker in active]):
                worker = next(worker for worker in active if worker.connection is connection)
                message = self._receive(worker)
                if message is None:
                    yield self._replace(worker)
                    continue
                if isinstance(message, OCRRecord):
                    yield message
                else:
                    self._greet(worker, message)
                if not self._assign(worker, todo):
                    active.remove(worker)

    def close(self) -> None:
        """Stop the worker processes, even in the middle of an image."""
        for worker in self._workers:
            worker.connection.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
        self._workers = []

    def _start(self) -> _Worker:
        parent_end, child_end = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_work, args=(child_end, *self._arguments), daemon=True)
        with _interrupts_ignored():
            process.start()
        child_end.close()
        return _Worker(process, parent_end)

    def _receive(self, worker: _Worker) -> "OCRRecord | _Ready | _Failed | None":
        """Return the next message of ``worker``; None if it died."""
        try:
            return worker.connection.recv()
        except (EOFError, OSError):
            return None

    def _greet(self, worker: _Worker, message: object) -> str:
        if isinstance(message, _Ready):
            worker.ready = True
            return message.engine
        if isinstance(message, _Failed):
            raise UserError(message.reason) if message.user_error else RuntimeError(f"OCR worker: {message.reason}")
        worker.process.join()
        raise RuntimeError(f"an OCR worker died while it started (exit code {worker.process.exitcode})")

    def _assign(self, worker: _Worker, todo: Iterator[str]) -> bool:
        worker.image = next(todo, None)
        if worker.image is not None:
            with contextlib.suppress(OSError):  # it died between two images: the next receive says so
                worker.connection.send(worker.image)
        return worker.image is not None

    def _replace(self, worker: _Worker) -> OCRRecord:
        """Start a new process in place of one that died, and return a record that blames the image it was reading."""
        if worker.image is None:
            self._greet(worker, None)
        worker.process.join()
        reason = f"the OCR worker died on this image (exit code {worker.process.exitcode})"
        record = OCRRecord.empty(str(worker.image), reason, engine=self.engine_name)
        worker.connection.close()
        fresh = self._start()
        worker.process, worker.connection, worker.ready, worker.image = fresh.process, fresh.connection, False, None
        return record


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Make processes that are started in the block ignore Ctrl-C, which reaches all processes: the parent decides."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may change this
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _work(connection: Connection, make_engine: MakeEngine, root: Path) -> None:
    """Run a worker until the parent is gone, then end without a message."""
    cv2.setNumThreads(1)
    with contextlib.suppress(EOFError, OSError):
        _serve(connection, make_engine, root)


def _serve(connection: Connection, make_engine: MakeEngine, root: Path) -> None:
    """Build the engine, then answer each image key with its record."""
    try:
        reader = make_engine()
    except Exception as error:
        user_error = isinstance(error, UserError)
        connection.send(_Failed(str(error) if user_error else f"{type(error).__name__}: {error}", user_error))
        return
    connection.send(_Ready(reader.name))
    source = ImageSource(root)
    while True:
        image = connection.recv()
        connection.send(read_text(reader, image, image, source))
