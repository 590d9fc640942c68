"""Requests that cannot be answered: the one form of every error, ``{"error": {"code", "message"}, "request_id"}``."""

import asyncio
import contextlib
import math
import time
from collections.abc import Mapping

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

_DRAINED_BYTES = 1 << 22
_DRAINED_SECONDS = 2.0


class RequestError(Exception):
    """A request that cannot be answered.

    Args:
        status: The HTTP status.
        code: What is wrong, in a word for programs.
        message: What is wrong and what to do, in a line for people.
        headers: More headers of the response.
        closes: Whether the connection ends, because the rest of the request is not wanted.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        closes: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.closes = closes


def too_many(message: str, seconds: float = 1) -> RequestError:
    """Return the error of a request that came while there is no room, which there may be after ``seconds``."""
    after = max(1, math.ceil(seconds))
    return RequestError(429, "busy", f"{message}; try again after {after} s", {"Retry-After": str(after)})


class FailureResponse(JSONResponse):
    """The response to a request that cannot be answered.

    Where it ends the connection before the whole request was received, what the client is still sending is read for a
    moment after the answer was sent: if the socket was closed at once, the system would drop the answer before the
    client has seen it.

    Args:
        error: What is wrong.
        request_id: Of the request.
    """

    def __init__(self, error: RequestError, request_id: str) -> None:
        content = {"error": {"code": error.code, "message": error.message}, "request_id": request_id}
        headers = {**error.headers, **({"Connection": "close"} if error.closes else {})}
        super().__init__(content, error.status, headers)
        self._closes = error.closes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        if not self._closes or scope.get("state", {}).get("is_received"):
            await super().__call__(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_drain(receive), _DRAINED_SECONDS)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: Receive) -> None:
    begun, left = time.monotonic(), _DRAINED_BYTES
    while left > 0 and time.monotonic() < begun + _DRAINED_SECONDS:
        message = await receive()
        left -= len(message.get("body", b""))
        if not message.get("more_body", False):
            return
