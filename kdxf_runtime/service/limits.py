"""What the service takes at most, and the options that say so."""

import argparse
from dataclasses import dataclass, fields

from kdxf_runtime.errors import UserError

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What the service takes at most. The pixels of a picture are bounded by :data:`kdxf_runtime.io.images.MAX_PIXELS`.

    Attributes:
        megabytes: The body of a request, in MiB. All requests together hold eight times as much.
        pictures: Pictures of a request.
        queue: Pictures that wait for a worker.
        seconds: From the last byte of a request to its answer, and for one picture.
        body_seconds: For the headers of a request, and again for its body.
        header_kilobytes: The headers of a request, in KiB.
    """

    megabytes: float = 32
    pictures: int = 32
    queue: int = 64
    seconds: float = 60
    body_seconds: float = 20
    header_kilobytes: int = 16

    @property
    def request_bytes(self) -> int:
        """The most bytes of a request's body."""
        return int(self.megabytes * MIB)

    @property
    def held_bytes(self) -> int:
        """The most bytes of all bodies that are held at a time."""
        return 8 * self.request_bytes

    def check(self) -> None:
        """Check the limits.

        Raises:
            UserError: One is not above 0, or a request may have more pictures than may wait.
        """
        for limit in fields(self):
            if not getattr(self, limit.name) > 0:
                raise UserError(f"{_OPTIONS[limit.name][0]} {getattr(self, limit.name):g}: give a number above 0")
        if self.pictures > self.queue:
            raise UserError(f"--max-pictures {self.pictures}: give at most --queue, {self.queue}, or raise that")


# Of each limit: its option, type, placeholder, and help.
_OPTIONS: dict[str, tuple[str, type, str, str]] = {
    "megabytes": ("--max-mb", float, "MIB", "body of a request, in MiB; more is refused with 413"),
    "pictures": ("--max-pictures", int, "N", "pictures of a request; more are refused with 413"),
    "queue": ("--queue", int, "N", "pictures that wait for a worker; more are refused with 429"),
    "seconds": ("--timeout", float, "SECONDS", "time for an answer; then 504"),
    "body_seconds": ("--body-timeout", float, "SECONDS", "time for headers, and for the body; then 408"),
    "header_kilobytes": ("--max-header-kb", int, "KIB", "headers of a request, in KiB; more are refused with 431"),
}


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add an option for each limit."""
    usual = Limits()
    group = parser.add_argument_group("limits")
    for name, (option, kind, metavar, text) in _OPTIONS.items():
        default = getattr(usual, name)
        group.add_argument(
            option, dest=name, type=kind, default=default, metavar=metavar, help=f"{text} (default: {default})"
        )


def limits_of(args: argparse.Namespace) -> Limits:
    """Return what the options of :func:`add_limits` say.

    Raises:
        UserError: As of :meth:`Limits.check`.
    """
    limits = Limits(**{name: getattr(args, name) for name in _OPTIONS})
    limits.check()
    return limits
