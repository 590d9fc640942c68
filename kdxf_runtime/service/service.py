"""The service behind its paths: it takes pictures in, waits for the workers, and says what it is."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from kdxf_runtime.bundle import Bundle
from kdxf_runtime.categories import Categories
from kdxf_runtime.io.images import MAX_PIXELS
from kdxf_runtime.runner import calibration_of, fingerprint_of
from kdxf_runtime.service.answering import Question, Reply, Settings
from kdxf_runtime.service.body import CLIENT_GONE, Receiver
from kdxf_runtime.service.drift import DriftMonitor
from kdxf_runtime.service.failures import RequestError, too_many
from kdxf_runtime.service.limits import Limits
from kdxf_runtime.service.metrics import Metrics
from kdxf_runtime.service.pool import ClosedError, FullError, Pool

_CARD = "card.md"


class Service:
    """A bundle, its workers, and what is taken.

    Args:
        bundle: The bundle that the workers answer with.
        categories: Ids and names of its classes.
        settings: How they answer.
        limits: What is taken.
        pool: The workers.

    Attributes:
        limits: What is taken.
        metrics: What is counted.
        receiver: Receives pictures.
        is_calibrated: Whether the scores of pictures with and without their text, True and False, are calibrated.
        is_ending: Whether it was asked to end; new requests are refused then.
    """

    def __init__(
        self,
        bundle: Bundle,
        categories: Categories,
        settings: Settings,
        limits: Limits,
        pool: Pool[Question, Reply],
    ) -> None:
        manifest = bundle.manifest
        self.limits = limits
        before = fingerprint_of(bundle)
        self._drift = None if before is None else DriftMonitor(before)
        self.metrics = Metrics(lambda: pool.waiting, self._drift)
        self.receiver = Receiver(limits)
        self.is_ending = False
        self.name = manifest.name
        self.digest = bundle.digest
        self.categories = categories
        read = settings.read_text != "never"
        self.is_calibrated = {
            with_text: calibration_of(bundle, settings.tta, with_text=with_text and read) is not None
            for with_text in (True, False)
        }
        self._takes_text = manifest.engine is not None and settings.read_text != "never"
        self._views = len(manifest.views) if settings.tta and manifest.views else 1
        self._card = bundle.path(_CARD).read_text(encoding="utf-8") if _CARD in manifest.files else ""
        self._pool = pool

    def describe(self) -> dict[str, Any]:
        """Return what ``/v1/model`` says."""
        ids = self.categories.ids
        return {
            "name": self.name,
            "bundle": self.digest,
            "classes": [
                {"id": ids[index], "name": self.categories.name(index) or str(ids[index])} for index in range(len(ids))
            ],
            "takes_text": self._takes_text,
            "calibrated": self.is_calibrated[True],
            "limits": {
                "bytes": self.limits.request_bytes,
                "pictures": self.limits.pictures,
                "pixels": MAX_PIXELS,
                "queue": self.limits.queue,
                "seconds": self.limits.seconds,
            },
            "views": self._views,
            "card": self._card,
        }

    def check_room(self) -> None:
        """Refuse a request before anything of it is received.

        Raises:
            RequestError: The service ends (503), or as many pictures wait as may (429).
        """
        if self.is_ending:
            raise ending()
        if self._pool.is_full:
            raise self._full()

    async def answer(self, request: Request, questions: Sequence[Question]) -> tuple[list[Reply], dict[str, float]]:
        """Have the workers answer questions; those of a client that goes, or whose time is up, are not begun any more.

        Returns:
            The replies in order, and the seconds of each stage: ``queue``, the longest wait of a picture, and the sums
            of ``decode``, ``ocr`` and ``model``.

        Raises:
            RequestError: There is no room (429), the time is up (504), or the service ends (503).
        """
        request.state.pictures = len(questions)
        try:
            futures = [asyncio.wrap_future(future) for future in self._pool.offer(questions)]
        except FullError:
            raise self._full() from None
        except ClosedError:
            raise ending() from None
        self.metrics.count_pictures(len(questions))
        answers = asyncio.gather(*futures)
        gone = asyncio.ensure_future(_disconnected(request))
        either: set[asyncio.Future[Any]] = {answers, gone}
        try:
            await asyncio.wait(either, timeout=self.limits.seconds, return_when=asyncio.FIRST_COMPLETED)
            if not answers.done():
                raise self._not_done(gone.done())
            return self._counted(await answers)
        except ClosedError:
            raise ending() from None
        finally:
            gone.cancel()
            answers.cancel()

    def _full(self) -> RequestError:
        # Then half of them are answered; if clients came again when all are, the workers would have nothing to do.
        return too_many(f"{self._pool.waiting} pictures wait already", self._pool.wait / 2)

    def _not_done(self, gone: bool) -> RequestError:
        if gone:
            return RequestError(CLIENT_GONE, "gone", "the client has gone", closes=True)
        message = f"there was no answer within {self.limits.seconds:g} s; send fewer pictures at a time, or later"
        return RequestError(504, "timeout", message)

    def _counted(self, answers: Sequence[tuple[float, Reply]]) -> tuple[list[Reply], dict[str, float]]:
        stages = {"queue": max(waited for waited, _ in answers), "decode": 0.0, "ocr": 0.0, "model": 0.0}
        for waited, reply in answers:
            self.metrics.count_answer({"queue": waited, **reply.seconds}, failed=reply.content["error"] is not None)
            for stage, seconds in reply.seconds.items():
                stages[stage] += seconds
            if self._drift is not None and reply.measured is not None:
                self._drift.add(reply.measured)
        return [reply for _, reply in answers], stages


def ending() -> RequestError:
    """Return the error of a request to a service that was asked to end."""
    return RequestError(503, "ending", "the service ends; ask another one", closes=True)


async def _disconnected(request: Request) -> None:
    """Wait until the client has gone; the body was received already."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
