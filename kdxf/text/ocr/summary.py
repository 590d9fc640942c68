"""What an OCR job says at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kdxf.text.ocr.table import OCRTable

_SHOWN = 10


@dataclass(frozen=True)
class OCRSummary:
    """The outcome of :func:`kdxf.text.ocr.run_ocr`, over the images asked for.

    Attributes:
        table: Where the table lies.
        with_text: Images in which text was found.
        without_text: Images that were read and have none.
        unreadable: ``(image, reason)`` of each image that could not be read.
        unnamed: Files left out because their name is not valid Unicode.
        read: Images read by this job; the others were in the table before.
        seconds: Time that the reading took.
    """

    table: Path
    with_text: int
    without_text: int
    unreadable: list[tuple[str, str]]
    unnamed: list[str]
    read: int
    seconds: float

    @classmethod
    def of(cls, path: Path, images: Sequence[str], unnamed: Sequence[str], read: int, seconds: float) -> "OCRSummary":
        """Counts the rows of ``images`` in the table at ``path``."""
        if not images:
            return cls(path, 0, 0, [], list(unnamed), read, seconds)
        table = OCRTable.open(path)
        rows = pa.array(table.rows_of(images))
        errors = table.column("error").take(rows)
        failed = pc.is_valid(errors)
        lines = pc.fill_null(pc.list_value_length(table.column("texts").take(rows)), 0)
        with_text = pc.sum(pc.greater(lines, 0)).as_py() or 0
        names = table.column("image").take(rows).filter(failed).to_pylist()
        unreadable = list(zip(names, errors.filter(failed).to_pylist(), strict=True))
        return cls(path, with_text, len(images) - with_text - len(unreadable), unreadable, list(unnamed), read, seconds)

    def __str__(self) -> str:
        total = self.with_text + self.without_text + len(self.unreadable)
        lines = [
            f"{self.table}: {total} images, {self.with_text} with text, {self.without_text} without text, "
            f"{len(self.unreadable)} unreadable"
        ]
        if self.read:
            lines.append(f"read {self.read} now, {self.read / max(self.seconds, 1e-9):.1f} images/s")
        lines += [f"unreadable: {image}: {reason}" for image, reason in self.unreadable[:_SHOWN]]
        if (rest := len(self.unreadable) - _SHOWN) > 0:
            lines.append(f"... and {rest} more: the rows of the table whose column 'error' is not null")
        lines += [f"left out, rename it (the name is not valid Unicode): {name!a}" for name in self.unnamed[:_SHOWN]]
        if (rest := len(self.unnamed) - _SHOWN) > 0:
            lines.append(f"... and {rest} more such names")
        return "\n".join(lines)
