"""Rows appended to an OCR table so that a job that is killed at any moment leaves only complete parts."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kdxf.errors import UserError
from kdxf.text.ocr.table import SCHEMA, OCRTable, read_part, to_arrow
from kdxf_runtime.io.part_files import PartWriter, part_files, write_part
from kdxf_runtime.ocr.record import OCRRecord


class OCRTableWriter(PartWriter[OCRRecord]):
    """Writer that adds parts to the table in ``folder`` (:class:`~kdxf_runtime.io.part_files.PartWriter`).

    Args:
        folder: The table, a folder of parts; created if missing.
        engine: Name of the engine that fills it; a table never mixes engines.
        part_rows: A part is written when it has this many rows ...
        part_seconds: ... or when its first row is this old.
        overwrite: Whether to remove existing parts.

    Raises:
        UserError: ``folder`` is a file or cannot be written to, another job writes to it, or another engine wrote it.
    """

    def __init__(
        self, folder: Path, engine: str, part_rows: int = 1000, part_seconds: float = 30.0, overwrite: bool = False
    ) -> None:
        self._engine = engine
        self._overwrite = overwrite
        super().__init__(folder, "--out", part_rows, part_seconds)

    def __enter__(self) -> "OCRTableWriter":
        return self

    def missing(self, images: Sequence[str]) -> list[str]:
        """Return those of ``images`` that the table lacks, in their order."""
        if not part_files(self.folder):
            return list(images)
        rows = OCRTable.open(self.folder).rows_of(images)
        return [image for image, row in zip(images, rows.tolist(), strict=True) if row < 0]

    def drop_errors(self) -> int:
        """Remove the rows that have an error, so that their images are missing again; return how many."""
        return self._keep(lambda rows: pc.is_null(rows["error"]))

    def drop(self, images: Sequence[str]) -> int:
        """Remove the rows of ``images``, so that they are missing again; return how many."""
        dropped = pa.array(images, pa.string())
        return self._keep(lambda rows: pc.invert(pc.is_in(rows["image"], value_set=dropped))) if images else 0

    def _keep(self, keep: Callable[[pa.Table], pa.ChunkedArray]) -> int:
        dropped = 0
        for part in part_files(self.folder):
            table = read_part(part)
            good = table.filter(keep(table))
            if good.num_rows < table.num_rows:
                dropped += table.num_rows - good.num_rows
                write_part(good.cast(SCHEMA), part)
        return dropped

    def _to_arrow(self, rows: Sequence[OCRRecord]) -> pa.Table:
        return to_arrow(rows)

    def _take_over(self) -> None:
        parts = part_files(self.folder)
        if self._overwrite:
            for part in parts:
                part.unlink()
        elif parts and (others := [name for name in OCRTable.open(self.folder).engines if name != self._engine]):
            raise UserError(
                f"{self.folder}: was read by '{others[0]}', not by '{self._engine}'; "
                "choose another --out, or read it anew with --overwrite"
            )
