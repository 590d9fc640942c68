"""HTML pages with tables and pictures, in one file that opens anywhere, and Markdown tables."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment

from kdxf.io.files import write_whole
from kdxf.io.images import ImageReadError, read_image

_PAGE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{{ title }}</title><style>
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2em auto; max-width: 1200px; padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.2em; margin-top: 2em; border-top: 1px solid #ccc; padding-top: 1em }
table { border-collapse: collapse } th, td { text-align: left; padding: .2em .8em .2em 0; vertical-align: top }
th { border-bottom: 1px solid #888 } tr:nth-child(even) td { background: #f6f6f6 } .number { text-align: right }
.row { display: flex; flex-wrap: wrap; gap: 12px; margin: 1em 0 } figure { margin: 0; max-width: {{ width }}px }
figure img { max-width: 100%; display: block; border: 1px solid #ddd } figcaption { font-size: .85em;
white-space: pre-line; overflow-wrap: anywhere } .drawing svg { max-width: 100%;
height: auto } .missing { width: 160px; height: 120px; background: #eee; color: #666;
padding: 8px }
</style></head><body><h1>{{ title }}</h1>
{% for kind, part in parts %}
{% if kind == "heading" %}
<h2>{{ part }}</h2>
{% elif kind == "text" %}
<p>{{ part }}</p>
{% elif kind == "table" %}
<table><tr>{% for name in part.columns %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in part.rows %}
<tr>{% for cell in row %}<td{% if cell is number %} class="number"{% endif %}>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</table>
{% elif kind == "drawing" %}
<div class="drawing">{{ part | safe }}</div>
{% else %}
<div class="row">{% for picture in part %}
<figure>{% if picture.data %}<img src="data:image/jpeg;base64,{{ picture.data }}">{% else %}
<div class="missing">{{ picture.reason }}</div>{% endif %}<figcaption>{{ picture.caption }}</figcaption></figure>
{% endfor %}</div>
{% endif %}
{% endfor %}
</body></html>
"""
)


@dataclass(frozen=True)
class _Picture:
    data: str
    reason: str
    caption: str


@dataclass(frozen=True)
class _Table:
    columns: Sequence[str]
    rows: list[Sequence[Any]]


class HTMLReport:
    """A page built from top to bottom; what is written to it is escaped.

    Args:
        title: Its title.
        picture_width: The longer edge of a picture in pixels; pictures are kept at this size inside the page.
    """

    def __init__(self, title: str, picture_width: int = 240) -> None:
        self.title = title
        self.picture_width = picture_width
        self._parts: list[tuple[str, Any]] = []

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(("heading", text))

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(("text", text))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Add a table; numbers are aligned to the right."""
        self._parts.append(("table", _Table(columns, [list(row) for row in rows])))

    def pictures(self, pictures: Iterable[tuple[str | Path | np.ndarray, str]]) -> None:
        """Add a row of pictures, each with its caption.

        Args:
            pictures: Image files or images, uint8 (H, W, 3) in BGR order, and captions of one or several lines. For a
                file that cannot be read the reason is shown instead.
        """
        self._parts.append(("pictures", [self._picture(image, caption) for image, caption in pictures]))

    def drawing(self, svg: str) -> None:
        """Add an SVG drawing, such as a chart. It is the one thing that is not escaped: give only what you drew."""
        self._parts.append(("drawing", svg))

    def save(self, path: str | Path) -> None:
        """Write the page, under a temporary name first."""
        page = _PAGE.render(title=self.title, width=self.picture_width, parts=self._parts)
        write_whole(page.encode(), Path(path))

    def _picture(self, image: str | Path | np.ndarray, caption: str) -> _Picture:
        if not isinstance(image, np.ndarray):
            try:
                image = read_image(image, min_edge=self.picture_width)
            except ImageReadError as error:
                return _Picture("", str(error), caption)
        scale = min(1.0, self.picture_width / max(image.shape[:2]))
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        _, data = cv2.imencode(".jpg", cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        return _Picture(base64.b64encode(data.tobytes()).decode(), "", caption)


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table.

    Args:
        columns: The titles.
        rows: Their cells, as text.

    Returns:
        Lines, each with its end.
    """
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (columns, ["---"] * len(columns), *rows))
