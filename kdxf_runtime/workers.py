"""Worker processes that share a list of pictures: a crash of one costs a picture, and does not end the job."""

import contextlib
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Generic, TypeVar

import cv2

from kdxf_runtime.errors import UserError

Key = TypeVar("Key")
Result = TypeVar("Result")

# A spawned process starts clean (no threads or locks inherited) and imports only what it needs.
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class _Ready:
    """A worker's first message: it is ready. The name is that of its engine, where it has one."""

    name: str


@dataclass(frozen=True)
class _Failed:
    """A worker's last message: it cannot start, or cannot go on."""

    reason: str
    user_error: bool


@dataclass(frozen=True)
class _Done:
    """A worker's answer for a picture."""

    result: Any


@dataclass
class _Worker(Generic[Key]):
    process: SpawnProcess
    connection: Connection
    ready: bool = False
    key: Key | None = None  # the picture that it is working on
    begun: float = 0.0  # when it got it
    is_overdue: bool = False


class Workers(Generic[Key, Result]):
    """A group of worker processes on this machine, as a context manager.

    A worker that dies on a picture (a crash in native code, no memory) gives that picture a result that says so, and
    another worker takes its place. The workers end with this process, however it ends, because their pipe closes.

    Args:
        make: Makes what turns a key into a result; it is pickled, and called in each process. What it makes may have a
            ``name``.
        blame: Makes the result of a picture on which a worker died, from its key and the reason.
        count: Number of processes.
        what: What a worker is called in messages.
        seconds: A worker that takes longer for a picture is killed, which blames the picture; None lets it go on.

    Attributes:
        name: The ``name`` of what the workers made.

    Raises:
        UserError: A worker cannot start; :meth:`map` raises the one that a worker raises.
    """

    def __init__(
        self,
        make: Callable[[], Callable[[Key], Result]],
        blame: Callable[[Key, str], Result],
        count: int,
        what: str = "worker",
        seconds: float | None = None,
    ) -> None:
        self._make = make
        self._blame = blame
        self._what = what
        self._seconds = seconds
        self._workers: list[_Worker[Key]] = []
        try:
            for _ in range(count):
                self._workers.append(self._start())
            first = self._workers[0]
            self.name = self._greet(first, self._receive(first))
        except BaseException:
            self.close()
            raise

    def map(self, keys: Iterable[Key]) -> Iterator[Result]:
        """Hand each free worker the next key, and yield the results as they come."""
        todo = iter(keys)
        active = [worker for worker in self._workers if not worker.ready or self._assign(worker, todo)]
        while active:
            for connection in wait([worker.connection for worker in active], self._patience(active)):
                worker = next(worker for worker in active if worker.connection is connection)
                message = self._receive(worker)
                if message is None:
                    yield self._replace(worker)
                    continue
                if isinstance(message, _Done):
                    yield message.result
                else:
                    self._greet(worker, message)
                if not self._assign(worker, todo):
                    active.remove(worker)
            self._kill_overdue(active)

    def kill(self) -> None:
        """Kill the worker processes; any thread may do it, and :meth:`map` blames the pictures at hand."""
        for worker in self._workers:
            worker.process.kill()

    def close(self) -> None:
        """Stop the worker processes, even in the middle of a picture."""
        for worker in self._workers:
            worker.connection.close()
            worker.process.kill()  # one that ignores SIGTERM ends as well
        for worker in self._workers:
            worker.process.join()
        self._workers = []

    def __enter__(self) -> "Workers[Key, Result]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> _Worker[Key]:
        parent_end, child_end = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_work, args=(child_end, self._make), daemon=True)
        with _interrupts_ignored():
            process.start()
        child_end.close()
        return _Worker(process, parent_end)

    def _receive(self, worker: _Worker[Key]) -> Any:
        """Return the next message of ``worker``; None if it died."""
        try:
            return worker.connection.recv()
        except (EOFError, OSError):
            return None

    def _greet(self, worker: _Worker[Key], message: object) -> str:
        if isinstance(message, _Ready):
            worker.ready = True
            return message.name
        if isinstance(message, _Failed):
            raise UserError(message.reason) if message.user_error else RuntimeError(f"{self._what}: {message.reason}")
        worker.process.join()
        raise RuntimeError(f"{self._what} died while it started (exit code {worker.process.exitcode})")

    def _patience(self, active: Sequence[_Worker[Key]]) -> float | None:
        """Return the seconds until the first of the workers is overdue."""
        begun = [worker.begun for worker in active if worker.key is not None]
        if self._seconds is None or not begun:
            return None
        return max(0.0, min(begun) + self._seconds - time.monotonic())

    def _kill_overdue(self, active: Sequence[_Worker[Key]]) -> None:
        for worker in active:
            if self._seconds is not None and worker.key is not None:
                worker.is_overdue = time.monotonic() >= worker.begun + self._seconds
                if worker.is_overdue:
                    worker.process.kill()

    def _assign(self, worker: _Worker[Key], todo: Iterator[Key]) -> bool:
        worker.key = next(todo, None)
        worker.begun, worker.is_overdue = time.monotonic(), False
        if worker.key is not None:
            with contextlib.suppress(OSError):  # it died between two pictures: the next receive says so
                worker.connection.send(worker.key)
        return worker.key is not None

    def _replace(self, worker: _Worker[Key]) -> Result:
        """Start a new process in place of one that died, and return a result that blames its picture."""
        if worker.key is None:
            self._greet(worker, None)
        worker.process.join()
        reason = f"the {self._what} died on this image (exit code {worker.process.exitcode})"
        if worker.is_overdue:
            reason = f"the {self._what} took longer than {self._seconds:g} s for this image, and was ended"
        result = self._blame(worker.key, reason)  # type: ignore[arg-type]
        worker.connection.close()
        fresh = self._start()
        worker.process, worker.connection, worker.ready, worker.key = fresh.process, fresh.connection, False, None
        return result


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


def _work(connection: Connection, make: Callable[[], Callable[[Any], Any]]) -> None:
    """Run a worker until the parent is gone, then end without a message."""
    cv2.setNumThreads(1)
    with contextlib.suppress(EOFError, OSError):
        _serve(connection, make)


def _serve(connection: Connection, make: Callable[[], Callable[[Any], Any]]) -> None:
    """Make what answers, then answer each key."""
    try:
        answer = make()
    except Exception as error:
        user_error = isinstance(error, UserError)
        connection.send(_Failed(str(error) if user_error else f"{type(error).__name__}: {error}", user_error))
        return
    connection.send(_Ready(str(getattr(answer, "name", ""))))
    while True:
        key = connection.recv()
        try:
            result = answer(key)
        except UserError as error:  # not of this picture: it would be the same for the others
            connection.send(_Failed(str(error), True))
            return
        connection.send(_Done(result))
