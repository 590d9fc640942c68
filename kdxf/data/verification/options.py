"""The problems that pictures may have, and where they begin; nothing heavy is imported, so that a parser may use it."""

from collections.abc import Mapping
from dataclasses import dataclass

# Worst first.
PROBLEMS: Mapping[str, str] = {
    "missing": "a row without a file",
    "unreadable": "no picture, or one that cannot be decoded",
    "truncated": "the end of the file is missing",
    "damaged": "the decoder met data that make no sense, and went on",
    "unknown_label": "the label is not among the classes",
    "wrong_extension": "the content is of another format than the name says",
    "odd_mode": "not RGB of 8 bits; converted when it is read",
    "too_small": "shorter edge below --min-edge",
    "too_large": "longer edge above --max-edge",
    "odd_ratio": "longer to shorter edge above --max-ratio",
    "rotated": "stored turned or mirrored; EXIF says how, and kdxf turns it upright",
    "turned": "its text lies on its side or upside down; turned by tools/data/resize.py --ocr or LoadImage",
    "animated": "several frames; the first is used",
    "listed_twice": "several rows name it",
    "in_other_list": "another list names it, too",
    "case_clash": "two names differ in case only",
    "unlisted": "a file below the image root without a row",
}
# Problems for which an image may be left out, and those for which it is left out by default.
DROPPABLE = tuple(name for name in PROBLEMS if name not in ("listed_twice", "in_other_list", "case_clash", "unlisted"))
UNUSABLE = ("missing", "unreadable", "truncated")


@dataclass(frozen=True)
class Limits:
    """Limits of size and shape beyond which a picture counts as extreme.

    Attributes:
        min_edge: Least length of the shorter edge in pixels.
        max_edge: Greatest length of the longer edge in pixels.
        max_ratio: Greatest ratio of the longer to the shorter edge.
    """

    min_edge: int = 32
    max_edge: int = 8000
    max_ratio: float = 8.0
