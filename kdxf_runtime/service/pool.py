"""A bounded queue of questions, and worker processes that answer them.

Processes, because one that crashes in native code takes no other with it, and one that is stuck can be ended. Each
takes one picture at a time, as the offline runner does: larger batches answer no faster (``benchmarks/serve_load.py
--ways``).
"""

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from kdxf_runtime.workers import Workers

_REMEMBERED = 32  # replies whose times tell how long those take that wait
_PATIENCE = 0.5  # of the time for an answer; the rest is for pictures that take longer than the last ones

Question = TypeVar("Question")
Reply = TypeVar("Reply")


class FullError(Exception):
    """More questions wait than may, or than can be answered in time."""


class ClosedError(Exception):
    """The pool ends."""


@dataclass
class _Job(Generic[Question, Reply]):
    question: Question
    asked: float = field(default_factory=time.monotonic)
    future: "Future[tuple[float, Reply]]" = field(default_factory=Future)


class Pool(Generic[Question, Reply]):
    """Worker processes behind a queue, each with a thread that hands it the next question.

    Args:
        make: Makes what turns a question into a reply; pickled, and called in each process.
        blame: Makes the reply to a question on which a worker died, from the question and the reason.
        count: Number of processes.
        places: The most questions that wait.
        seconds: A worker that takes longer for a question is ended, which blames the question. Questions are refused
            while those that wait need more than half of this time, judged by the last replies: who asked would not
            get a reply in time.

    Raises:
        UserError: A worker cannot start.
    """

    def __init__(
        self,
        make: Callable[[], Callable[[Question], Reply]],
        blame: Callable[[Question, str], Reply],
        count: int,
        places: int,
        seconds: float,
    ) -> None:
        self._blame = blame
        self._places = places
        self._patience = _PATIENCE * seconds
        self._taken: deque[float] = deque(maxlen=_REMEMBERED)
        self._start = partial(Workers, make, blame, 1, "worker", seconds)
        self._jobs: deque[_Job[Question, Reply]] = deque()
        self._change = threading.Condition()
        self._closed = False
        with ThreadPoolExecutor(count) as starters:
            starting = starters.map(lambda _: self._start(), range(count))
            self._groups: list[Workers[Question, Reply] | None] = list(starting)
        self._threads = [
            threading.Thread(target=self._work, args=(index,), name=f"worker {index}", daemon=True)
            for index in range(count)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """The number of questions that wait."""
        return len(self._jobs)

    @property
    def wait(self) -> float:
        """The seconds until a worker is free for one more question, as far as the last replies tell."""
        taken = list(self._taken)
        return statistics.fmean(taken) * self.waiting / len(self._groups) if taken else 0.0

    @property
    def is_full(self) -> bool:
        """Whether no question may be added."""
        return self.waiting >= self._places or self.wait > self._patience

    def offer(self, questions: Sequence[Question]) -> "list[Future[tuple[float, Reply]]]":
        """Queue questions, all of them or none.

        Returns:
            The future of each: the seconds that it waited, and the reply. One that is cancelled before a worker takes
            it leaves the queue.

        Raises:
            FullError: There is no room for them.
            ClosedError: The pool ends.
        """
        jobs: list[_Job[Question, Reply]] = [_Job(question) for question in questions]
        with self._change:
            if self._closed:
                raise ClosedError
            self._jobs = deque(job for job in self._jobs if not job.future.cancelled())
            if self.waiting + len(jobs) > self._places or self.wait > self._patience:
                raise FullError
            self._jobs.extend(jobs)
            self._change.notify(len(jobs))
        return [job.future for job in jobs]

    def close(self) -> None:
        """End the workers; questions without a reply raise :class:`ClosedError`."""
        with self._change:
            self._closed = True
            jobs, self._jobs = self._jobs, deque()
            self._change.notify_all()
        for job in jobs:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(ClosedError())
        for group in filter(None, self._groups):
            group.kill()
        for thread in self._threads:
            thread.join()

    def _next(self) -> "_Job[Question, Reply] | None":
        with self._change:
            self._change.wait_for(lambda: self._jobs or self._closed)
            return None if self._closed else self._jobs.popleft()

    def _work(self, index: int) -> None:
        """Hand a worker one question after another, until the pool is closed."""
        while (job := self._next()) is not None:
            if job.future.set_running_or_notify_cancel():
                begun = time.monotonic()
                waited = begun - job.asked
                reply = self._reply(index, job.question)
                self._taken.append(time.monotonic() - begun)
                if self._closed:
                    job.future.set_exception(ClosedError())
                else:
                    job.future.set_result((waited, reply))
        if (group := self._groups[index]) is not None:
            group.close()

    def _reply(self, index: int, question: Question) -> Reply:
        try:
            group = self._groups[index] = self._groups[index] or self._start()
            return next(group.map([question]))  # does not wait for the successor of one that died
        except Exception as error:  # the successor did not start: the next question tries again
            if (broken := self._groups[index]) is not None:
                broken.close()
            self._groups[index] = None
            return self._blame(question, f"no worker can be started: {error}")
