"""Predictions as Parquet parts, one row per picture, in the order in which they were made.

================= =====================================================================================================
column            content
================= =====================================================================================================
``image``         the picture: its absolute path (also into a tar shard), or its address
``category_id``   the id of the best class
``category_name`` its name; null where the bundle has none
``score``         its score
``error``         why the picture could not be read, else null
``text``          ``given``, ``read`` or ``not read`` where texts are read only as needed, else null
``labels``        the indices of the classes that a multi-label model gives, else null
``likely``        the indices of the classes in the conformal set, best first; null without a calibration
``unlike``        whether it is like a picture of none of the classes; null without a calibration
``scores``        the scores of all classes, where they are kept, else null
================= =====================================================================================================
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kdxf_runtime.categories import Categories
from kdxf_runtime.errors import UserError
from kdxf_runtime.io.addresses import is_address
from kdxf_runtime.io.bounds import check_parquet
from kdxf_runtime.io.files import in_utf8
from kdxf_runtime.io.part_files import PartWriter, part_files
from kdxf_runtime.predictions import Prediction

if TYPE_CHECKING:
    import pyarrow as pa

_MADE_BY = b"kdxf_predictions"
_ROWS_AT_ONCE = 1 << 14

Row = tuple[str, Prediction]


@dataclass(frozen=True)
class MadeBy:
    """What predictions of one folder have in common.

    Attributes:
        bundle: The digest of the bundle.
        tta: Whether the views of test-time augmentation were averaged.
        read_text: Which texts were read.
        scores: Whether the scores of all classes are kept.
    """

    bundle: str
    tta: bool
    read_text: str
    scores: bool


def key_of(path: str) -> str:
    """Return the name of a picture in the parts, by its path or address."""
    return in_utf8(path if is_address(path) else os.path.abspath(path))


def part_schema() -> "pa.Schema":
    """Return the types of the columns."""
    import pyarrow as pa

    return pa.schema(
        [
            ("image", pa.string()),
            ("category_id", pa.int64()),
            ("category_name", pa.string()),
            ("score", pa.float32()),
            ("error", pa.string()),
            ("text", pa.string()),
            ("labels", pa.list_(pa.int32())),
            ("likely", pa.list_(pa.int32())),
            ("unlike", pa.bool_()),
            ("scores", pa.list_(pa.float32())),
        ]
    )


def to_arrow(rows: Sequence[Row], with_scores: bool) -> "pa.Table":
    """Turn keys and predictions into rows of a part."""
    import pyarrow as pa

    names = ("category_id", "category_name", "score", "error", "text", "labels", "likely", "unlike")
    columns: dict[str, list[Any]] = {name: [getattr(label, name) for _, label in rows] for name in names}
    columns["image"] = [key for key, _ in rows]
    columns["scores"] = [label.scores.tolist() if with_scores else None for _, label in rows]
    return pa.table(columns, schema=part_schema())


def to_rows(table: "pa.Table", categories: Categories) -> Iterator[Row]:
    """Turn rows of a part back; where not all scores were kept, those of the other classes are 0."""
    place = {category: index for index, category in enumerate(categories.ids)}
    for batch in table.to_batches(_ROWS_AT_ONCE):
        for row in batch.to_pylist():
            key, scores = row.pop("image"), row.pop("scores")
            if scores is None:
                kept = np.zeros(len(categories), np.float32)
                kept[place[row["category_id"]]] = row["score"]
            else:
                kept = np.array(scores, np.float32)
            for name in ("labels", "likely"):
                row[name] = None if row[name] is None else tuple(row[name])
            yield key, Prediction(image_id=key, scores=kept, **row)


class PredictionParts(PartWriter[Row]):
    """Writer and reader of the parts in a folder; a row is the key of a picture (:func:`key_of`) and its prediction.

    Args:
        folder: The folder; created if missing.
        made_by: What makes the predictions; it is kept in every part.
        part_rows: As of :class:`~kdxf_runtime.io.part_files.PartWriter`, like ``part_seconds``.

    Raises:
        UserError: As of :class:`~kdxf_runtime.io.part_files.PartWriter`; or a file is no such part, or another bundle
            or other settings made it.
    """

    def __init__(self, folder: Path, made_by: MadeBy, part_rows: int = 10_000, part_seconds: float = 30.0) -> None:
        self._made_by = made_by
        super().__init__(folder, "--parts", part_rows, part_seconds)

    def __enter__(self) -> "PredictionParts":
        return self

    def rows_of(self, keys: Sequence[str]) -> tuple["pa.Table", np.ndarray]:
        """Return the table of all parts, and the row of each key in it, int64 (n,); -1 for one that is missing."""
        import pyarrow as pa
        import pyarrow.compute as pc

        parts = [_read(part) for part in part_files(self.folder)]
        table = pa.concat_tables(parts) if parts else part_schema().empty_table()
        found = pc.index_in(pa.array(keys, pa.string()), value_set=table["image"].combine_chunks())
        return table, found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)

    def missing(self, keys: Sequence[str]) -> list[int]:
        """Return the places of the keys that no part has, each once."""
        _, rows = self.rows_of(keys)
        first = {keys[place]: place for place in reversed(np.flatnonzero(rows < 0).tolist())}
        return sorted(first.values())

    def predictions(self, keys: Sequence[str], categories: Categories) -> Iterator[Prediction]:
        """Yield the prediction of each key, in their order.

        Raises:
            KeyError: No part has one of them.
        """
        import pyarrow as pa

        table, rows = self.rows_of(keys)
        if (rows < 0).any():
            raise KeyError(keys[int((rows < 0).argmax())])
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            chosen = table.take(pa.array(rows[start : start + _ROWS_AT_ONCE]))
            yield from (label for _, label in to_rows(chosen, categories))

    def _to_arrow(self, rows: Sequence[Row]) -> "pa.Table":
        made_by = json.dumps(asdict(self._made_by)).encode()
        return to_arrow(rows, self._made_by.scores).replace_schema_metadata({_MADE_BY: made_by})

    def _take_over(self) -> None:
        for part in part_files(self.folder):
            _check(part, self._made_by)


def _check(part: Path, wanted: MadeBy) -> None:
    found = json.loads((_schema(part).metadata or {}).get(_MADE_BY, b"{}"))
    if set(found) != set(asdict(wanted)):
        raise UserError(f"{part}: is no part of predictions; choose another --parts")
    if found["bundle"] != wanted.bundle:
        raise UserError(
            f"{part.parent}: was made by another bundle ({found['bundle'][:12]}, and this one is "
            f"{wanted.bundle[:12]}); choose another --parts"
        )
    for name, said in (
        ("tta", "with --tta" if found["tta"] else "without --tta"),
        ("read_text", f"with --read-text {found['read_text']}"),
        (
            "scores",
            f"{'with' if found['scores'] else 'without'} --per-class, --topk or --back-off, which keep all scores",
        ),
    ):
        if found[name] != getattr(wanted, name):
            raise UserError(f"{part.parent}: was made {said}; do the same, or choose another --parts")


def _schema(part: Path) -> "pa.Schema":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(part)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{part}: is no whole Parquet file; remove it, and run the same command again") from error
    if not schema.equals(part_schema()):
        raise UserError(f"{part}: is no part of predictions; choose another --parts")
    return schema


def _read(part: Path) -> "pa.Table":
    import pyarrow.parquet as pq

    with pq.ParquetFile(part) as file:
        check_parquet(part, file.metadata)
        return file.read().replace_schema_metadata(None)
