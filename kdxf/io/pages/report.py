"""A page that is built from top to bottom: headings, sentences, tables, pictures and charts in one HTML file.

The file holds everything: pictures, the stylesheet and a small script. Nothing is fetched, and the page's own content
security policy forbids it; so the page can be sent by mail and opened from an attachment. Without the script (as in
the preview of some mail programs) all is there, only tables cannot be sorted nor charts searched. A picture that is
shown once is an ``<img>``; one that is shown several times, or by a chart, is stored once and shown by SVG's
``<use>``, which needs no script and also prints.
"""

import contextlib
import datetime
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from mmengine.logging import print_log

from kdxf.io.pages.cells import lay_out
from kdxf.io.pages.pictures import Picture, PictureStore, Pixels
from kdxf.version import __version__
from kdxf_runtime.io.files import in_utf8, write_whole

_FOLDER = Path(__file__).parent
_PAGE = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
).get_template("page.html.jinja")
# What common mail servers accept as an attachment: 20 MB, after the third that its encoding adds.
_MAIL_LIMIT = 15_000_000
# From so many headings on the page begins with a list of them.
_CONTENTS_FROM = 4


class HTMLReport:
    """A page built from top to bottom; what is written to it is escaped.

    Args:
        title: Its title.
        picture_width: The longer edge of a picture in pixels; pictures are kept at this size inside the page.
    """

    def __init__(self, title: str, picture_width: int = 240) -> None:
        self.title = title
        self.picture_width = picture_width
        self._store = PictureStore(picture_width)
        self._summary: list[str] = []
        self._headings: list[str] = []
        self._parts: list[tuple[str, Any]] = []
        self._folds = 0

    def summary(self, text: str) -> None:
        """Add a sentence that says what was found and what to do; it stands on top, whenever it is added."""
        self._summary.append(text)

    def heading(self, text: str) -> None:
        """Begin a section; the page lists its sections on top if there are more than three.

        Raises:
            ValueError: Inside :meth:`details`.
        """
        if self._folds:
            raise ValueError(f"heading {text!r}: a section cannot begin inside details; use subheading")
        self._headings.append(text)
        self._parts.append(("heading", (len(self._headings), text)))

    def subheading(self, text: str) -> None:
        """Begin a part of a section, which the list of sections leaves out."""
        self._parts.append(("subheading", text))

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(("text", text))

    def warning(self, text: str) -> None:
        """Add a highlighted paragraph that says what is wrong."""
        self._parts.append(("warning", text))

    @contextlib.contextmanager
    def details(self, title: str) -> Iterator[None]:
        """Fold what is added inside the block under a title; it is unfolded in print."""
        self._parts.append(("open", title))
        self._folds += 1
        try:
            yield
        finally:
            self._folds -= 1
            self._parts.append(("close", None))

    @contextlib.contextmanager
    def beside(self) -> Iterator[None]:
        """Put the pictures and tables that are added inside the block side by side, where there is room for it."""
        self._parts.append(("beside", None))
        yield
        self._parts.append(("end", None))

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        sortable: bool = False,
        fold_after: int | None = None,
    ) -> None:
        """Add a table.

        Args:
            columns: The titles.
            rows: The cells: text, which is folded if it is long, :class:`kdxf.io.pages.Percent`,
                :class:`kdxf.io.pages.Bar`, None, or numbers, which are rounded and aligned to the right.
            sortable: Whether a click on a title sorts the rows.
            fold_after: The number of rows that are shown at first.

        Raises:
            ValueError: A row has more or fewer cells than there are columns.
        """
        cells = lay_out(columns, [list(row) for row in rows])
        numeric = [
            bool(cells) and all(row[place].kind == "number" for row in cells) and any(row[place].order for row in cells)
            for place in range(len(columns))
        ]
        shown = len(cells) if fold_after is None else fold_after
        content = {"columns": list(zip(columns, numeric, strict=True)), "rows": cells[:shown], "rest": cells[shown:]}
        self._parts.append(("table", content | {"sortable": sortable, "count": f"{len(cells):,}"}))

    def pictures(self, pictures: Iterable[Picture | tuple[Pixels, str]]) -> None:
        """Add a row of pictures, each with its caption.

        Args:
            pictures: Pictures, or pairs of an image and its caption. For a file that cannot be read the reason is shown
                instead.
        """
        made = (item if isinstance(item, Picture) else Picture(*item) for item in pictures)
        self._parts.append(("pictures", [self._store.figure(picture) for picture in made]))

    def keep(self, image: Pixels) -> str:
        """Store a picture for a chart that shows it beside a point (:func:`kdxf.io.charts.scatter_chart`).

        Returns:
            Its name within the page; empty if it cannot be read.
        """
        return self._store.add(image, uses=2).name

    def drawing(self, svg: str) -> None:
        """Add an SVG drawing, such as one of :mod:`kdxf.io.charts`.

        It is the one thing that is not escaped: give only what you drew.
        """
        self._parts.append(("drawing", svg))

    def save(self, path: str | Path) -> None:
        """Write the page, under a temporary name first; a page too large for a mail is reported."""
        page = _PAGE.render(
            title=self.title,
            width=self.picture_width,
            summary=self._summary,
            contents=list(enumerate(self._headings, start=1)) if len(self._headings) >= _CONTENTS_FROM else [],
            parts=self._parts,
            shared=self._store.shared(),
            date=datetime.date.today().isoformat(),
            version=__version__,
            style=(_FOLDER / "page.css").read_text(encoding="utf-8"),
            script=(_FOLDER / "page.js").read_text(encoding="utf-8"),
        )
        data = in_utf8(page).encode()
        write_whole(data, Path(path))
        if len(data) > _MAIL_LIMIT:
            size = f"{len(data) / 1e6:.1f} MB"
            print_log(f"{path}: {size}, too large for most mails; show fewer pictures", "current", logging.WARNING)
