"""The page of the service: the files of ``page/``, read once, each at a fixed address."""

from pathlib import Path

from starlette.responses import Response

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_INDEX = "index.html"

FOLDER = Path(__file__).with_name("page")
"""Where the files are."""


def page_files(folder: Path = FOLDER) -> dict[str, Response]:
    """Return the response of each address: ``/`` for ``index.html``, ``/page.css``, ...

    Files of other types, and what lies in folders below, are not served.
    """
    files = {path.name: path for path in sorted(folder.glob("*")) if path.suffix in _TYPES and path.is_file()}
    return {
        "/" if name == _INDEX else f"/{name}": Response(
            path.read_bytes(), headers={"Content-Type": _TYPES[path.suffix], **_HEADERS}
        )
        for name, path in files.items()
    }
