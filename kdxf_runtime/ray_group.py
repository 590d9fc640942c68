"""Ray: joining a cluster or starting a private one, and Ray Data over blocks of keys."""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kdxf_runtime.errors import UserError
from kdxf_runtime.optional import require

if TYPE_CHECKING:
    import pyarrow as pa

# Rows are returned per task: few enough images that a killed job loses little, enough to hide Ray's overhead.
_IMAGES_PER_TASK = 16
_TASKS_PER_WORKER = 4
# The driver holds something for every task: more images make larger tasks.
_MOST_TASKS = 50_000
# A private Ray holds only paths and results; its default is a third of the memory.
_OBJECT_STORE_BYTES = 1 << 28
_CONNECT_SECONDS = 10


class RayGroup:
    """Actors on a Ray cluster, or on a private Ray of this machine; a context manager.

    Args:
        count: Number of actors; by default one per core of the cluster.
        address: A running cluster (``host:6379``, or ``auto`` on one of its machines), which is left running. By
            default a private Ray on this machine, which ends with this group. A Ray that this process has already
            joined is used as it is.

    Attributes:
        count: Number of actors.

    Raises:
        UserError: Ray is not installed, or the cluster does not answer.
    """

    def __init__(self, count: int | None = None, address: str | None = None) -> None:
        self._ray: Any = require("ray", "ray", "--executor ray")
        self._data: Any = require("ray.data", "ray", "--executor ray")
        self._joined = self._ray.is_initialized()
        if not self._joined:
            _connect(self._ray, address, count)
        self.count = count or max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function on the cluster and return its result.

        Raises:
            Exception: What the function raises.
        """
        try:
            return self._ray.get(self._ray.remote(function).remote(*arguments))
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None

    def map(self, keys: "pa.Table", actor: type, *arguments: Any) -> Iterator["pa.Table"]:
        """Turn blocks of keys into blocks of rows, and yield these in the order in which they are done.

        Args:
            keys: One row per image.
            actor: Class of what turns one block into another; each of its instances lives in a process of Ray's.
            *arguments: Of the class.

        Raises:
            UserError: Ray fails, for instance because the cluster is gone; a later job continues.
        """
        if not len(keys):
            return
        size = max(
            1, min(max(_IMAGES_PER_TASK, len(keys) // _MOST_TASKS), len(keys) // (_TASKS_PER_WORKER * self.count))
        )
        blocks = [keys.slice(start, size) for start in range(0, len(keys), size)]
        rows = self._data.from_arrow(blocks).map_batches(
            actor,
            fn_constructor_args=arguments,
            batch_size=None,
            batch_format="pyarrow",
            compute=self._data.ActorPoolStrategy(size=min(self.count, len(blocks))),
            num_cpus=1,
        )
        try:
            yield from rows.iter_batches(batch_size=None, batch_format="pyarrow")
        except self._ray.exceptions.RayError as error:
            raise UserError(f"Ray: {_reason(error)}; the same command continues") from error

    def close(self) -> None:
        """Disconnect from the cluster, or shut down the private Ray."""
        if not self._joined:
            self._ray.shutdown()

    def __enter__(self) -> "RayGroup":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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
        ray.shutdown()
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


def _reason(error: Exception) -> str:
    """Return one line of Ray's long error: a message to the user from the cluster if there is one, else the last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    prefix = f"{UserError.__module__}.{UserError.__name__}: "
    messages = [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]
    return [type(error).__name__, *lines, *messages][-1]
