"""The page that asks a person about doubtful pictures: one HTML file that fetches nothing.

Answers are kept by the browser (``localStorage``, under the digest of the queue) and saved as the CSV of decisions that
:mod:`kdxf.data.cleaning.decisions` reads.
"""

import logging
from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from mmengine.logging import print_log

import kdxf.io.pages
from kdxf.data.review.queue import Queue
from kdxf.io.pages.pictures import PictureStore
from kdxf.version import __version__
from kdxf_runtime.io.files import in_utf8, write_whole

LONGEST = 320
"""The longer edge of the pictures in the page, in pixels."""
_FOLDER = Path(__file__).parent
_PARTS = Path(kdxf.io.pages.__file__).parent
_PAGE = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
).get_template("review.html.jinja")
_LARGE = 15_000_000  # bytes; browsers of phones are slow beyond, mail servers refuse it


def write_page(queue: Queue, title: str, root: Path, path: Path) -> None:
    """Write the page, under a temporary name first; a large one is reported.

    Args:
        queue: What to ask. For a picture that cannot be read the page shows why.
        title: Of the page.
        root: The image root.
        path: The ``.html`` file.
    """
    store = PictureStore(LONGEST)
    questions = []
    for question in queue.questions:
        stored = store.add(root / question.image)
        questions.append(asdict(question) | {"picture": stored.uri, "unreadable": stored.reason})
    page = _PAGE.render(
        title=title,
        queue={"digest": queue.digest, "classes": queue.classes, "questions": questions},
        start=queue.start,
        total=queue.total,
        count=len(questions),
        order=queue.order,
        version=__version__,
        style=(_PARTS / "page.css").read_text(encoding="utf-8") + (_FOLDER / "review.css").read_text(encoding="utf-8"),
        script=(_FOLDER / "review.js").read_text(encoding="utf-8"),
    )
    data = in_utf8(page).encode()
    write_whole(data, path)
    if len(data) > _LARGE:
        size = f"{len(data) / 1e6:.1f} MB"
        print_log(
            f"{path}: {size} is a lot for a browser; make parts with a smaller --limit", "current", logging.WARNING
        )
