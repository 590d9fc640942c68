"""The classes in the order of a model's scores."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Categories:
    """The classes in the order of the model's scores.

    A category id is the value of ``label`` in an annotation file: the class index, or the class name where all names
    are whole numbers (``classes.txt`` then lists the ids of the data, which may have gaps).

    Attributes:
        ids: One id per class.
        names: One name per class; None if they are not known.
    """

    ids: tuple[int, ...]
    names: tuple[str, ...] | None

    @classmethod
    def named(cls, names: Sequence[str]) -> "Categories":
        """Make categories from class names."""
        names = tuple(map(str, names))
        if all(name.isascii() and name.isdigit() and str(int(name)) == name for name in names):
            return cls(tuple(map(int, names)), names)
        return cls(tuple(range(len(names))), names)

    @classmethod
    def unnamed(cls, count: int) -> "Categories":
        """Make ``count`` categories without names."""
        return cls(tuple(range(count)), None)

    def __len__(self) -> int:
        return len(self.ids)

    def name(self, index: int) -> str | None:
        """Return the name of the class with this index."""
        return None if self.names is None else self.names[index]
