"""What every request goes through: its id, the token, the count, and one line of log."""

import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Iterable
from datetime import datetime, timezone

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kdxf_runtime.service.body import CLIENT_GONE
from kdxf_runtime.service.failures import FailureResponse, RequestError
from kdxf_runtime.service.log_lines import write_line
from kdxf_runtime.service.metrics import Metrics

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_OTHER = "other"


class Gate:
    """The outermost application.

    The log is one line of JSON per request on standard output: time, id, method, path (of the route, so that nothing
    that a client makes up gets into it), status, milliseconds, pictures and bytes.

    Args:
        app: The application behind it.
        metrics: Where requests are counted.
        token: What requests must bear, but for those of open paths; None lets all in.
        open_paths: Paths that need no token.
        header_bytes: The most bytes of a request's headers; more are refused with 431.

    Attributes:
        active: The number of requests that are being answered.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, token: str | None, open_paths: Iterable[str], header_bytes: int
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._token = None if token is None else _digest(token)
        self._open_paths = frozenset(open_paths)
        self._header_bytes = header_bytes
        self.active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = CLIENT_GONE

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        async def receive_noting() -> Message:
            message = await receive()
            state["is_received"] = not message.get("more_body", False)
            return message

        self.active += 1
        try:
            error = self._refusal(scope["path"], headers)
            app = self._app if error is None else FailureResponse(error, request_id)
            await app(scope, receive_noting, send_with_id)
        finally:
            self.active -= 1
            seconds = time.perf_counter() - begun
            path = getattr(scope.get("route"), "path", _OTHER)
            method = scope["method"] if scope["method"] in _METHODS else _OTHER
            self._metrics.count_request(path, method, status, seconds)
            line = {
                "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
                "id": request_id,
                "method": method,
                "path": path,
                "status": status,
                "ms": round(1000 * seconds, 1),
                "pictures": state.get("pictures", 0),
                "bytes": state.get("bytes", 0),
            }
            write_line(json.dumps(line))

    def _refusal(self, path: str, headers: Headers) -> RequestError | None:
        """Return why a request is refused by its headers alone; None where it is not."""
        if sum(len(name) + len(value) + len(": \r\n") for name, value in headers.raw) > self._header_bytes:
            message = f"the headers have more than {self._header_bytes} bytes; send shorter ones"
            return RequestError(431, "headers", message, closes=True)
        if self._token is None or path in self._open_paths:
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if hmac.compare_digest(_digest(given.strip()), self._token) and scheme.lower() == "bearer":
            return None
        message = "give the token of this service, in the header Authorization: Bearer TOKEN"
        return RequestError(401, "token", message, {"WWW-Authenticate": "Bearer"}, closes=True)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


def _digest(token: str) -> bytes:
    """Return what is compared: of one length, so that the time tells nothing of the token's."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex
