"""What the classes are called: their ids in the data and their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdxf.annotations import read_classes
from kdxf.class_names import names_of, read_class_names
from kdxf.registry import DATASETS


@dataclass(frozen=True)
class Categories:
    """The classes in the order of the model's scores.

    A category id is what one writes as ``label`` into an annotation file: the class index, or the class name where all
    names are whole numbers (``classes.txt`` then lists the ids of the data, which may have gaps).

    Attributes:
        ids: One id per class.
        names: One name per class; None if nobody named them.
    """

    ids: tuple[int, ...]
    names: tuple[str, ...] | None

    @classmethod
    def named(cls, names: Sequence[str]) -> "Categories":
        """Builds them from the class names."""
        names = tuple(map(str, names))
        if all(name.isascii() and name.isdigit() and str(int(name)) == name for name in names):
            return cls(tuple(map(int, names)), names)
        return cls(tuple(range(len(names))), names)

    @classmethod
    def unnamed(cls, count: int) -> "Categories":
        """Builds ``count`` categories without names."""
        return cls(tuple(range(count)), None)

    def __len__(self) -> int:
        return len(self.ids)

    def name(self, index: int) -> str | None:
        """The name of the class with this index."""
        return None if self.names is None else self.names[index]

    def renamed(self, path: str | Path) -> "Categories":
        """Gives the classes readable names; the ids stay.

        Args:
            path: A file that :func:`kdxf.class_names.read_class_names` reads. Its keys are the names that the classes
                have now, else their ids.

        Raises:
            UserError: The file is missing or malformed, or does not name every class.
        """
        table = read_class_names(path)
        by_name = self.names is not None and table.keys() >= set(self.names)
        keys = list(self.names or ()) if by_name else [str(category) for category in self.ids]
        return Categories(self.ids, tuple(names_of(keys, table, path)))


def config_classes(dataset: Mapping[str, Any]) -> list[str] | None:
    """Looks the class names up in a dataset's config, without opening the dataset.

    Args:
        dataset: ``classes`` (names, or the file that lists them), else ``classes.txt`` beside ``ann_file``, else the
            names that the dataset's class brings.

    Returns:
        The names, or None if there are none on this machine.
    """
    classes, root = dataset.get("classes"), dataset.get("data_root") or ""
    if isinstance(classes, list | tuple):
        return list(classes)
    path = Path(root, classes or Path(dataset.get("ann_file") or "").parent / "classes.txt")
    if path.is_file():
        return read_classes(path)
    kind = dataset["type"]
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    names = getattr(kind, "METAINFO", {}).get("classes")
    return None if names is None else list(names)
