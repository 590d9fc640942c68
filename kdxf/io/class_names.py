"""Class ids as the data have them, their order, and their readable names.

Data sets often number their classes (``0`` to ``136``, with gaps or leading zeros) and keep the names elsewhere. The
index of a class is its place in :func:`order_ids`.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from kdxf.errors import UserError
from kdxf.io.annotations import read_classes
from kdxf.io.csv_tables import read_csv
from kdxf_runtime.io.text_files import read_json_text


def order_ids(ids: Iterable[str]) -> list[str]:
    """Sort class ids: by value if all are numbers (``2`` before ``10``, ``007`` among them), else as text."""
    unique = set(ids)
    if all(item.isdecimal() for item in unique):
        return sorted(unique, key=lambda item: (int(item), item))
    return sorted(unique)


def read_class_names(path: str | Path) -> dict[str, str]:
    """Read which name belongs to which class id.

    Args:
        path: A ``.json`` file with an object ``{"0": "化妆品", ...}``, a ``.csv`` or ``.tsv`` file with the columns
            ``id`` and ``name``, or a text file whose line number, from 0, is the id.

    Raises:
        UserError: The file is missing or not of one of these forms, or gives an id two names.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file of class names")
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _read_json(path)
    if suffix in (".csv", ".tsv"):
        frame = read_csv(path, ("id", "name"))
        return _once(zip(frame["id"].str.strip(), frame["name"].str.strip(), strict=True), path)
    return {str(index): name for index, name in enumerate(read_classes(path))}


def _read_json(path: Path) -> dict[str, str]:
    names = read_json_text(path, keys_once=True)
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise UserError(f'{path}: expected one object from id to name, such as {{"0": "化妆品", "1": "手机"}}')
    return {str(key): name.strip() for key, name in names.items()}


def _once(pairs: Iterable[tuple[str, str]], path: Path) -> dict[str, str]:
    """Return the pairs of an id and its name, where no id has two names."""
    names: dict[str, str] = {}
    for key, name in pairs:
        if names.setdefault(key, name) != name:
            raise UserError(f"{path}: the id {key!r} has the names {names[key]!r} and {name!r}; keep one")
    return names


def names_of(ids: Sequence[str], names: Mapping[str, str], source: str | Path) -> list[str]:
    """Return the name of each class id; ``007`` and ``7`` are one id.

    Args:
        ids: Class ids, each once.
        names: Id to name; ids that the data do not have are passed over.
        source: Names the file of class names in error messages.

    Raises:
        UserError: An id has no name, or two ids have the same one.
    """
    known = {_canonical(key): name for key, name in names.items()}
    if nameless := [item for item in ids if not known.get(_canonical(item))]:
        shown = ", ".join(nameless[:5]) + (", ..." if len(nameless) > 5 else "")
        raise UserError(f"{source}: no name for the class ids {shown}; add them")
    first: dict[str, str] = {}
    for item in ids:
        name = known[_canonical(item)]
        if name in first:
            raise UserError(f"{source}: the classes {first[name]} and {item} are both {name!r}; names must differ")
        first[name] = item
    return list(first)


def _canonical(item: str) -> str:
    return str(int(item)) if item.isdecimal() else item
