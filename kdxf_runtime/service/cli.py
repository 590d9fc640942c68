"""Answer pictures over HTTP with a bundle: ``kdxf serve BUNDLE``.

BUNDLE is what kdxf export wrote, a folder or a file. POST pictures to /v1/predict; / is a page for people, /docs lists
all paths, /metrics is for Prometheus. The service is bound to this machine unless --host says otherwise. It logs one
line of JSON per request, without anything of the pictures. SIGTERM ends it: new requests are refused, accepted ones
finished.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.machine import available_cores
from kdxf_runtime.service.limits import add_limits, limits_of

_LOCAL = ("127.0.0.1", "localhost", "::1")


def parse_args(arguments: Sequence[str] | None = None, program: str | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog=program, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("bundle", metavar="BUNDLE", help="folder or file that kdxf export wrote")
    add("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all networks (default: 127.0.0.1)")
    add("--port", type=int, default=8000, help="0 takes a free one (default: 8000)")
    add("--workers", type=int, default=available_cores(), metavar="N", help="processes (default: one per core)")
    add("--tta", action="store_true", help="average over the views of test-time augmentation")
    add("--read-text", default="always", choices=("always", "auto", "never"), help="auto: only where needed")
    add("--precision", type=float, metavar="P", help="accept predictions of which the share P is right, such as 0.98")
    add("--review", type=float, metavar="SHARE", help="send this share of the pictures to a person, such as 0.05")
    add("--token", metavar="FILE_OR_ENV", help="file, or variable of the environment, with what clients must bear")
    add_limits(parser)
    return parser.parse_args(arguments)


def read_token(source: str | None) -> str | None:
    """Read the token from an environment variable of this name, or else from this file.

    Raises:
        UserError: There is neither, or it is empty.
    """
    if source is None:
        return None
    text = os.environ.get(source)
    try:
        token = (Path(source).read_text(encoding="utf-8") if text is None else text).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--token {source}: no such variable, and no such file that can be read; write one") from error
    if not token:
        raise UserError(f"--token {source}: is empty; put a long random word there")
    return token


def serve(args: argparse.Namespace) -> None:
    """Run the service until it is asked to end.

    Raises:
        UserError: An option or the bundle cannot be used, or a package of the extra is missing.
    """
    from kdxf_runtime.bundle import Bundle
    from kdxf_runtime.optional import require
    from kdxf_runtime.trust.decide import check_shares

    for module in ("fastapi", "uvicorn", "python_multipart", "prometheus_client"):
        require(module, "serve", "the service")
    from kdxf_runtime.service.answering import Blame, Settings, categories_of, start_answerer
    from kdxf_runtime.service.app import make_app
    from kdxf_runtime.service.pool import Pool
    from kdxf_runtime.service.server import listen, run
    from kdxf_runtime.service.service import Service

    limits, token = limits_of(args), read_token(args.token)
    check_shares(args.precision, args.review)
    if args.workers < 1:
        raise UserError(f"--workers {args.workers}: give at least 1")
    bundle = Bundle.open(args.bundle)
    settings = Settings(args.tta, args.read_text, args.precision, args.review)
    with listen(args.host, args.port) as listener:
        categories = categories_of(bundle)
        make = partial(start_answerer, bundle, settings)
        pool = Pool(make, Blame(categories), args.workers, limits.queue, limits.seconds)
        service = Service(bundle, categories, settings, limits, pool)
        host, port = listener.getsockname()[:2]
        address = f"[{host}]" if ":" in host else host
        print(f"{service.name} answers at http://{address}:{port}", file=sys.stderr, flush=True)
        if token is None and args.host not in _LOCAL:
            print(f"--host {args.host} without --token: all who reach this port may ask", file=sys.stderr, flush=True)
        run(make_app(service, token), service, pool, limits, listener)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service; return the exit status, 2 for what the user can fix."""
    try:
        serve(parse_args(arguments, "python -m kdxf_runtime.service"))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
