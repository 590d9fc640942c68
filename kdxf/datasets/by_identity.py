"""What was made of the last objects, found again without comparing them."""

from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


class ByIdentity(Generic[Item, Made]):
    """A function that remembers what it made of the last ``most`` objects, each told by its identity.

    For objects that nobody changes, that are handed on many times, and that are slow to compare or cannot be hashed.
    They live as long as they are remembered. A copy, also one in another process, remembers nothing.

    Args:
        make: The function.
        most: How many objects to remember; the one that came first is forgotten first.
    """

    def __init__(self, make: Callable[[Item], Made], most: int) -> None:
        self._make = make
        self._most = most
        self._known: dict[int, tuple[Item, Made]] = {}

    def __call__(self, item: Item) -> Made:
        """Return what was made of ``item``, or make it."""
        known = self._known.get(id(item))  # no other object has this number, since that one lives
        if known is not None:
            return known[1]
        made = self._make(item)
        if len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[id(item)] = item, made
        return made

    def __reduce__(self) -> tuple:
        return ByIdentity, (self._make, self._most)
