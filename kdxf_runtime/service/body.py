"""Bodies of requests, received into memory within the limits; nothing is written to disk."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeVar

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from kdxf_runtime.service.failures import RequestError, too_many
from kdxf_runtime.service.limits import MIB, Limits

_LONGEST_NAME = 255
CLIENT_GONE = 499
"""The status of a request whose client has gone; nobody sees it but the log."""

Received = TypeVar("Received")


@dataclass(frozen=True)
class Upload:
    """A picture that came with a request.

    Attributes:
        name: The last part of its file name; None where it has none.
        data: Its bytes.
    """

    name: str | None
    data: bytes


class Receiver:
    """Receives the bodies of requests, and bounds what all of them hold together.

    Args:
        limits: What is taken.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    @contextmanager
    def hold(self, request: Request) -> Iterator[None]:
        """Reserve memory for the body of a request, as long as the block lasts.

        Raises:
            RequestError: Its Content-Length is beyond the limit (413), or there is no room for it now (429).
        """
        length = request.headers.get("content-length")
        size = self._limits.request_bytes if length is None else int(length)
        if size > self._limits.request_bytes:
            raise self._too_large()
        if self._held + size > self._limits.held_bytes:
            raise too_many("the requests at hand fill the memory that they may have")
        self._held += size
        try:
            yield
        finally:
            self._held -= size

    async def pictures(self, request: Request) -> list[Upload]:
        """Receive the pictures of a request: parts called ``file``, or one as the whole body.

        Raises:
            RequestError: It has none (400, 415), too many or too large ones (413), or comes too slowly (408).
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return await self._within(request, self._parts(request))
        if not (kind.startswith("image/") or kind == "application/octet-stream"):
            raise RequestError(
                415,
                "content_type",
                "send multipart/form-data with parts called file, or one picture as image/* or "
                "application/octet-stream",
                closes=True,
            )
        data = await self.whole(request)
        if not data:
            raise RequestError(400, "no_picture", "the body is empty; send a picture")
        return [Upload(None, data)]

    async def whole(self, request: Request) -> bytes:
        """Receive a body as it is.

        Raises:
            RequestError: It is too large (413), or comes too slowly (408).
        """

        async def joined() -> bytes:
            return b"".join([chunk async for chunk in self._chunks(request)])

        return await self._within(request, joined())

    async def _within(self, request: Request, receiving: Coroutine[Any, Any, Received]) -> Received:
        try:
            return await asyncio.wait_for(receiving, self._limits.body_seconds)
        except asyncio.TimeoutError as error:
            message = f"the request took longer than {self._limits.body_seconds:g} s to arrive; send it faster"
            raise RequestError(408, "slow", message, closes=True) from error
        except ClientDisconnect as error:
            raise RequestError(CLIENT_GONE, "gone", "the client has gone", closes=True) from error

    async def _chunks(self, request: Request) -> AsyncGenerator[bytes, None]:
        """Yield the body in pieces, and stop where it is larger than announced to :meth:`hold` or than the limit."""
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > self._limits.request_bytes:
                raise self._too_large()
            request.state.bytes = size  # for the log
            yield chunk

    async def _parts(self, request: Request) -> list[Upload]:
        try:
            parts = _Parts(request.headers, self._chunks(request), self._limits.pictures)
            form = await parts.parse()
            if not parts.is_whole:  # its last part would be missing
                raise MultiPartException("It is cut off.")
        except MultiPartException as error:
            raise RequestError(
                400, "multipart", f"the body is no whole multipart/form-data: {error.message}"
            ) from error
        uploads = []
        for field, value in form.multi_items():
            if field != "file" or not isinstance(value, UploadFile):
                message = "a part is not called file, or has no file name; send pictures, and options in the address"
                raise RequestError(400, "multipart", message)
            uploads.append(Upload(_base_name(value.filename), await value.read()))
        if not uploads:
            raise RequestError(400, "no_picture", "the body has no part called file; send a picture")
        return uploads

    def _too_large(self) -> RequestError:
        most = f"{self._limits.request_bytes / MIB:g} MiB"
        message = f"the body is larger than {most}; send fewer pictures at a time, or smaller ones"
        return RequestError(413, "too_large", message, closes=True)


class _Parts(MultiPartParser):
    """Starlette's parser, which keeps files in memory here (their bytes are bounded already) and counts parts."""

    spool_max_size = sys.maxsize

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], most: int) -> None:
        super().__init__(headers, stream)
        self.is_whole = False
        self._left = most
        self._most = most

    def on_part_begin(self) -> None:
        """Refuse a part too many before anything of it is kept."""
        self._left -= 1
        if self._left < 0:
            message = f"the request has more than {self._most} pictures; send fewer at a time"
            raise RequestError(413, "too_many_pictures", message, closes=True)
        super().on_part_begin()

    def on_end(self) -> None:
        """Note that the last boundary has come."""
        self.is_whole = True


def _base_name(name: str | None) -> str | None:
    """Return the last part of a file name, without characters that do not print; no path, and no way to one."""
    last = PurePosixPath((name or "").replace("\\", "/")).name
    return "".join(filter(str.isprintable, last))[:_LONGEST_NAME] or None
