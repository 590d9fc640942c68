"""Formats of submissions and forms of their ids; nothing heavy is imported, so that a parser may use it."""

from collections.abc import Callable
from pathlib import PurePosixPath

FORMATS = {"class": ["image_id", "category_id"], "scores": ["image_id"], "json": ["image_name", "category", "score"]}
"""Formats and the columns that they have by default.

``class``
    CSV: id, class and, if a third column is named, the class's name.
``scores``
    CSV: id, and one column with the scores of each class.
``json``
    A list of objects: id, class, score. Ids and classes are numbers or text as in a sample that is JSON; otherwise ids
    are text, and indices of classes numbers.
"""

STYLES: dict[str, Callable[[str], str]] = {
    "path": lambda image: image,
    "name": lambda image: PurePosixPath(image).name,
    "stem": lambda image: PurePosixPath(image).stem,
    "path-stem": lambda image: PurePosixPath(image).with_suffix("").as_posix(),
}
"""The id of ``some/1.jpg`` is ``some/1.jpg``, ``1.jpg``, ``1`` or ``some/1``."""
