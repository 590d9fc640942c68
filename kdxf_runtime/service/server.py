"""The process of the service: its socket, and its graceful end."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn

from kdxf_runtime.errors import UserError
from kdxf_runtime.service.gate import Gate
from kdxf_runtime.service.limits import Limits
from kdxf_runtime.service.log_lines import write_line
from kdxf_runtime.service.pool import Pool
from kdxf_runtime.service.protocol import bounded_protocol
from kdxf_runtime.service.service import Service

_GRACE = 7.0  # seconds for accepted requests after SIGTERM; the whole process ends within 10
_TICK = 0.05
_KEEP_ALIVE = 15  # seconds between two requests of a connection


def listen(host: str, port: int) -> socket.socket:
    """Open the socket of the service.

    Raises:
        UserError: The address cannot be used, such as a port that another program has.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)  # its own text repeats the address
        reason = error if number is None else os.strerror(number)
        raise UserError(f"--host {host} --port {port}: {reason}; give another one") from error


def run(app: Gate, service: Service, pool: Pool[Any, Any], limits: Limits, listener: socket.socket) -> None:
    """Answer requests until SIGTERM or Ctrl-C; then refuse new ones, finish those that were accepted, and return.

    What takes longer than seven seconds then is refused as well. A second signal does not wait.
    """
    config = uvicorn.Config(
        app,
        http=bounded_protocol(limits.body_seconds),
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=1024 * limits.header_kilobytes,
    )
    try:
        _Server(config, app, service, pool).run(sockets=[listener])
    finally:
        pool.close()


class _Server(uvicorn.Server):
    """uvicorn's server, which by itself closes its socket at once, and ends by the signal that it got."""

    def __init__(self, config: uvicorn.Config, app: Gate, service: Service, pool: Pool[Any, Any]) -> None:
        super().__init__(config)
        self._app = app
        self._service = service
        self._pool = pool
        self._ending: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT end the server gracefully while the block runs."""
        loop = asyncio.get_running_loop()

        def end(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._end)

        before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self) -> None:
        if self._service.is_ending:
            self.should_exit = self.force_exit = True
            return
        self._service.is_ending = True
        self._ending = asyncio.ensure_future(self._finish())

    async def _finish(self) -> None:
        write_line("ending: new requests are refused, and the accepted ones are finished", for_people=True)
        deadline = time.monotonic() + _GRACE
        while self._app.active and time.monotonic() < deadline:
            await asyncio.sleep(_TICK)
        if self._app.active:
            await asyncio.to_thread(self._pool.close)
        self.should_exit = True
