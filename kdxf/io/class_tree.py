"""Which coarser classes each class belongs to: the tree of a hierarchical head and of its metric.

The form is a UTF-8 CSV with a header, one row per class: ``fine`` (the class name), ``coarse`` (what it belongs to),
and any further levels in columns of their own::

    fine,coarse,department
    Royal-Gala,Apple,Fruit
    Oatly-Oat-Milk,Oat-Milk,Packages

Levels need not be nested. ``tools/data/class_tree.py`` writes the file from a list that has the levels in
columns.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.errors import UserError
from kdxf.io.annotations import label_indices, read_classes
from kdxf.io.class_names import order_ids
from kdxf.io.csv_tables import read_csv

FINE = "fine"
COARSE = "coarse"


@dataclass(frozen=True, eq=False)
class Level:
    """One level above the K classes.

    Attributes:
        classes: Its classes, sorted as :func:`kdxf.io.class_names.order_ids` does.
        parents: int64 (K,), the place in ``classes`` of what each class belongs to.
    """

    classes: list[str]
    parents: np.ndarray


@dataclass(frozen=True)
class ClassTree:
    """The levels above the K classes.

    Attributes:
        classes: The K classes, in index order.
        levels: Level name to level; ``coarse`` is always the first.
        source: The file, for messages.
    """

    classes: list[str]
    levels: dict[str, Level]
    source: str

    @property
    def coarse_classes(self) -> list[str]:
        """The classes of the level ``coarse``."""
        return self.levels[COARSE].classes

    @property
    def parents(self) -> np.ndarray:
        """int64 (K,), the place in ``coarse_classes`` of what each class belongs to."""
        return self.levels[COARSE].parents

    def level(self, name: str) -> Level:
        """Return a level by its name.

        Raises:
            UserError: There is none.
        """
        if name not in self.levels:
            raise UserError(f"{self.source}: no level {name!r} in it (found: {', '.join(self.levels)})")
        return self.levels[name]


def read_class_tree(path: str | Path, classes: str | Path | Sequence[str] | None = None) -> ClassTree:
    """Read the tree of ``classes``.

    Args:
        path: The CSV. Rows of other classes are passed over, so that one tree serves the stages of a training that
            begins with a part of the classes.
        classes: The class names in index order, or the file that lists them; by default ``classes.txt`` beside
            ``path``.

    Raises:
        UserError: A file is missing or malformed, a class has no row, two rows or an empty field.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such class tree; tools/data/class_tree.py makes one from an annotation file")
    table = _read(path)
    if classes is None or isinstance(classes, (str, os.PathLike)):
        classes = read_classes(classes or path.with_name("classes.txt"))
    missing = [name for name in classes if name not in table.index]
    if missing:
        raise UserError(f"{path}: no row for the class {missing[0]!r} (missing in all: {len(missing)}); add it")
    rows = table.loc[list(classes)]
    names = [COARSE, *(name for name in rows.columns if name != COARSE)]
    return ClassTree(list(classes), {name: _level(rows[name]) for name in names}, str(path))


def tree_table(
    frame: pd.DataFrame, classes: Sequence[str], columns: Mapping[str, str], source: str | Path
) -> pd.DataFrame:
    """Make a class tree out of an annotation list.

    Args:
        frame: Rows with ``label`` (class name or index) and the columns named in ``columns``.
        classes: The class names in index order.
        columns: Column of ``frame`` to the level that it becomes: ``{"coarse_label": "coarse"}``.
        source: The list, for messages.

    Returns:
        ``fine`` and one column per level, one row per class.

    Raises:
        UserError: A column is missing, a field is empty, a class has no row or belongs to two classes of one level.
    """
    for name in ("label", *columns):
        if name not in frame.columns:
            raise UserError(f"{source}: no column {name!r} (found: {', '.join(map(str, frame.columns))})")
    levels = frame[[*columns]].rename(columns=columns).astype("str").where(frame[[*columns]].notna().to_numpy(), "")
    codes, written = pd.factorize(frame["label"])
    fine = np.array(label_indices(written, classes, source))[codes]
    rows = levels.assign(index=fine).drop_duplicates()
    twice = rows[rows["index"].duplicated(keep=False)]
    if len(twice):
        name = classes[twice["index"].iloc[0]]
        found = rows[rows["index"].eq(twice["index"].iloc[0])].drop(columns="index").agg("/".join, axis=1)
        raise UserError(f"{source}: the class {name!r} belongs to {' and to '.join(found)}; correct the rows of one")
    rows = rows.set_index("index").reindex(range(len(classes)))
    if (empty := rows.isna() | rows.eq("")).any(axis=None):
        name = classes[int(empty.any(axis=1).to_numpy().argmax())]
        raise UserError(f"{source}: the class {name!r} has no row with all of {', '.join(columns)}; add one")
    return rows.assign(**{FINE: list(classes)})[[FINE, *columns.values()]]


def _read(path: Path) -> pd.DataFrame:
    """Read the levels as columns, indexed by the class names."""
    table = read_csv(path, (FINE, COARSE))
    table = table.apply(lambda column: column.str.strip())
    if (empty := table.eq("").any(axis=1)).any():
        raise UserError(f"{path}: data row {int(empty.to_numpy().argmax()) + 1} has an empty field; fill it in")
    if (twice := table[FINE].duplicated()).any():
        raise UserError(f"{path}: the class {table[FINE][twice].iloc[0]!r} stands there twice; keep one row")
    return table.set_index(FINE)


def _level(column: pd.Series) -> Level:
    classes = order_ids(column)
    place = {name: index for index, name in enumerate(classes)}
    return Level(classes, column.map(place).to_numpy(np.int64, copy=True))
