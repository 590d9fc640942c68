"""Answer pictures over HTTP with a bundle: ``kdxf serve BUNDLE``."""

from kdxf_runtime.service.cli import parse_args, serve


def main() -> None:
    """Run the service until it is asked to end."""
    serve(parse_args())
