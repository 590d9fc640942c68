"""HTTP as uvicorn speaks it, with what it lacks: a bound on the time of a request's headers, and errors in JSON."""

import asyncio
import json
import uuid
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def bounded_protocol(seconds: float) -> type[H11Protocol]:
    """Make a protocol that ends connections whose next request does not begin within ``seconds``.

    The time starts with the connection, and later with the first byte after an answer; bytes that trickle in do not
    prolong it.
    """

    class BoundedProtocol(H11Protocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._unwatch()

        def send_400_response(self, msg: str) -> None:
            """Refuse what is no HTTP, or has too long headers."""
            if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
                self.transport.close()  # the answer to this request has begun
                return
            error = {"code": "http", "message": "this is no HTTP/1.1 request, or its headers are too long"}
            body = json.dumps({"error": error, "request_id": uuid.uuid4().hex}).encode()
            headers = [
                ("content-type", "application/json"),
                ("content-length", str(len(body))),
                ("connection", "close"),
            ]
            events: list[Any] = [h11.Response(status_code=400, headers=headers, reason=b"Bad Request")]
            for event in [*events, h11.Data(data=body), h11.EndOfMessage()]:
                self.transport.write(self.conn.send(event))
            self.transport.close()

        def _watch(self) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self._unwatch()
            elif self._timer is None:
                self._timer = self.loop.call_later(seconds, self._end)

        def _unwatch(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _end(self) -> None:
            self._timer = None
            if self.cycle is None or self.cycle.response_complete:
                self.transport.close()

    return BoundedProtocol
