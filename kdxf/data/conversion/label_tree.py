"""A tree of classes, which gives a list one column per level.

================================================================== =====================================
form                                                               meaning
================================================================== =====================================
``{"food": {"milk": ["7", "12"]}, "clothes": {...}}``               nested objects, leaves in lists
``{"name": "all", "children": [{"name": "food", "children": []}]}`` nodes with children, or a list of them
``{"7": ["food", "milk"], "12": ["food", "milk"]}``                 class to the nodes above it, top first
``{"7": "milk", "milk": "food"}``, or a CSV with ``id,parent``      child to parent
================================================================== =====================================
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kdxf.errors import UserError
from kdxf.io.csv_tables import read_csv
from kdxf_runtime.io.text_files import read_json_text

Nodes = tuple[str, ...]
_NAMES = ("name", "id", "class_id", "label")


@dataclass(frozen=True)
class LabelTree:
    """The nodes above each class.

    Attributes:
        above: Class to the nodes above it, the top first; without the root that all share. A name that occurs in
            several places is written with the nodes above it: ``food/other`` and ``clothes/other``.
    """

    above: dict[str, Nodes]

    @property
    def levels(self) -> int:
        """The number of levels above the classes."""
        return max(map(len, self.above.values()), default=0)

    def columns(self, labels: pd.Series, source: Path) -> pd.DataFrame:
        """Return the nodes above each label.

        Args:
            labels: Class ids as the tree has them, (n,).
            source: The tree's file, for messages.

        Returns:
            ``level_1`` (top) to ``level_<levels>``, and ``coarse_label``, the node right above the class. In a
            shorter branch, the lowest node fills the levels below; a class at the top fills all levels itself.

        Raises:
            UserError: A label is not in the tree.
        """
        codes, written = pd.factorize(labels)
        if unknown := [label for label in written if label not in self.above]:
            raise UserError(f"{source}: the class {unknown[0]!r} ({len(unknown)} in all) is not in the tree; add it")
        rows = []
        for label in written:
            path = self.above[label] or (label,)
            rows.append((*path, *[path[-1]] * (self.levels - len(path)), path[-1]))
        names = [f"level_{level}" for level in range(1, self.levels + 1)]
        table = pd.DataFrame(rows, columns=[*names, "coarse_label"] if self.levels else ["coarse_label"], dtype="str")
        return table.iloc[codes].set_axis(labels.index)


def read_label_tree(path: Path) -> LabelTree:
    """Read one of the forms above.

    Raises:
        UserError: The file is missing or of none of these forms, a class occurs in two places, or nodes form a cycle.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such label tree")
    if path.suffix.lower() == ".csv":
        table = read_csv(path, ("id", "parent"))
        pairs = list(zip(table["id"], table["parent"], strict=True))
        return LabelTree(_unique(_from_parents(pairs, path), path))
    content = read_json_text(path, keys_once=True)
    values = list(content.values()) if isinstance(content, dict) else []
    if values and all(isinstance(value, (str, int)) for value in values) and "name" not in content:
        pairs = [(str(child), str(parent)) for child, parent in content.items()]
        return LabelTree(_unique(_from_parents(pairs, path), path))
    if values and all(isinstance(value, list) and _plain(value) for value in values) and _are_paths(values):
        leaves = [(str(label), tuple(map(str, nodes))) for label, nodes in content.items()]
    else:
        leaves = list(_walk(content, (), path))
    return LabelTree(_unique(_without_root(leaves), path))


def _plain(values: list[Any]) -> bool:
    return all(isinstance(value, (str, int)) for value in values)


def _are_paths(values: list[list[Any]]) -> bool:
    """Return whether the lists are paths to classes, whose nodes repeat, and not lists of leaves, which are unique."""
    items = [str(item) for value in values for item in value]
    return len(set(items)) < len(items)


def _walk(node: Any, above: Nodes, source: Path) -> Iterator[tuple[str, Nodes]]:
    """Yield each leaf and the nodes above it."""
    if isinstance(node, (str, int)):
        yield str(node), above
    elif isinstance(node, list):
        for child in node:
            yield from _walk(child, above, source)
    elif isinstance(node, dict):
        name = next((str(node[key]) for key in _NAMES if isinstance(node.get(key), (str, int))), None)
        if name is None:
            for key, child in node.items():
                if child:
                    yield from _walk(child, (*above, str(key)), source)
                else:
                    yield str(key), above
        elif node.get("children"):
            yield from _walk(node["children"], (*above, name), source)
        else:
            yield name, above
    else:
        raise UserError(f"{source}: {type(node).__name__} in a label tree; expected names, lists and objects")


def _without_root(leaves: list[tuple[str, Nodes]]) -> list[tuple[str, Nodes]]:
    while len({path[:1] for _, path in leaves}) == 1 and leaves[0][1]:
        leaves = [(leaf, path[1:]) for leaf, path in leaves]
    return leaves


def _from_parents(pairs: list[tuple[str, str]], source: Path) -> list[tuple[str, Nodes]]:
    parent_of = {child: parent for child, parent in pairs if parent}
    parents = set(parent_of.values())
    leaves = []
    for child, _ in pairs:
        if child in parents:
            continue
        path: list[str] = []
        node = child
        while node in parent_of:
            node = parent_of[node]
            if node in path:
                raise UserError(f"{source}: {node!r} stands above itself; correct its parents")
            path.insert(0, node)
        leaves.append((child, tuple(path)))
    if not leaves:
        raise UserError(f"{source}: every node has children, so there is no class; correct the parents")
    return _without_root(leaves)


def _unique(leaves: list[tuple[str, Nodes]], source: Path) -> dict[str, Nodes]:
    above: dict[str, Nodes] = {}
    for leaf, path in leaves:
        if above.setdefault(leaf, path) != path:
            raise UserError(f"{source}: the class {leaf!r} stands in two places of the tree; keep one")
    if not above:
        raise UserError(f"{source}: no classes in it")
    places: dict[str, set[Nodes]] = {}
    for path in above.values():
        for depth, node in enumerate(path):
            places.setdefault(node, set()).add(path[:depth])
    return {
        leaf: tuple("/".join(path[: depth + 1]) if len(places[node]) > 1 else node for depth, node in enumerate(path))
        for leaf, path in above.items()
    }
