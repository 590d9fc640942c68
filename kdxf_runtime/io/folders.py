"""Walking a folder as people have them: links that lead back up, leftovers of systems and archives, odd names.

Everything that lists the files of a folder goes through :func:`walk`, and everything that lists pictures through
:func:`list_images`.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.files import in_utf8
from kdxf_runtime.io.images import IMAGE_EXTENSIONS, is_picture_header
from kdxf_runtime.io.unicode_names import nfc
from kdxf_runtime.log import LOG

_SYSTEM = frozenset(
    {"__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"}
    | {"thumbs.db", "desktop.ini"}
)
# Formats of pictures that kdxf does not read: whoever has some wants to know that they are left out.
_OTHER_PICTURES = frozenset({".jp2", ".jxl", ".svg", ".psd", ".ico", ".tga", ".dng", ".cr2", ".nef", ".arw", ".eps"})
_HEADER = 16


def is_hidden(name: str) -> bool:
    """Tell whether a file or folder is one that a system or an archive program made: hidden, or of a known name.

    Such are ``.DS_Store``, ``._1.jpg``, ``.ipynb_checkpoints``, ``__MACOSX``, ``@eaDir``, ``Thumbs.db``.
    """
    return name.startswith(".") or name.casefold() in _SYSTEM


def walk(folder: str | Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the files below a folder, each once, but for hidden ones (:func:`is_hidden`).

    Links to folders are followed, except to one that the walk sees anyway or that holds the folder or the link: it
    would lead back up. Links to files are yielded, except to a file below the folder, and to nowhere.

    Args:
        folder: An existing folder.

    Yields:
        The POSIX path relative to the folder, and the entry.
    """
    root = os.path.realpath(folder)
    seen: set[str] = set()
    starts = [("", root)]
    while starts:
        name, place = starts.pop(0)
        if name and _holds(place, root):
            continue
        links: list[tuple[str, str]] = []
        below = [(name, place)]
        while below:
            name, place = below.pop()
            if place not in seen:
                seen.add(place)
                yield from _files_in(place, name, root, below, links)
        starts += sorted(links)


def _files_in(
    place: str, prefix: str, root: str, below: list[tuple[str, str]], links: list[tuple[str, str]]
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the files in one folder; add its folders to ``below`` and the links to folders to ``links``."""
    with os.scandir(place) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            name = f"{prefix}/{entry.name}" if prefix else entry.name
            if is_hidden(entry.name):
                continue
            target = os.path.realpath(entry.path) if entry.is_symlink() else ""
            if not target and entry.is_dir():
                below.append((name, entry.path))
            elif target and entry.is_dir():
                if not _holds(target, place):
                    links.append((name, target))
            elif entry.is_file() and not (target and _is_seen(target, root)):
                yield name, entry


def _is_seen(target: str, root: str) -> bool:
    """Tell whether the walk sees the target of a link, which it then need not see twice."""
    return _holds(root, target) and not any(map(is_hidden, os.path.relpath(target, root).split(os.sep)))


def _holds(folder: str, path: str) -> bool:
    """Tell whether a folder is, or is above, a path; both without links."""
    return path == folder or path.startswith(os.path.join(folder, ""))


def list_images(folder: Path, any_name: bool = False) -> list[str]:
    """List the pictures below ``folder``: sorted POSIX paths relative to it, in NFC, each once.

    Pictures are chosen by their extension, in upper or lower case; a file without one by its first bytes. How many
    pictures have other extensions is logged. See :func:`walk` for links and hidden files.

    Args:
        folder: The folder.
        any_name: Whether a name may be other bytes than UTF-8, which no list can hold; they come as lone surrogates.

    Raises:
        FileNotFoundError: ``folder`` is not a folder.
        UserError: A name is not UTF-8, without ``any_name``.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder: give the folder that holds the images")
    names: set[str] = set()
    passed: Counter[str] = Counter()
    for name, entry in walk(folder):
        extension = os.path.splitext(name)[1].lower()
        if extension in IMAGE_EXTENSIONS or (not extension and _begins_like_a_picture(entry)):
            names.add(nfc(name))
        elif extension in _OTHER_PICTURES:
            passed[extension] += 1
    if passed:
        kinds = ", ".join(f"{count} {extension}" for extension, count in sorted(passed.items()))
        LOG.warning(
            f"{folder}: {passed.total()} pictures are of formats that are not read, and left out ({kinds}); convert "
            "them to JPEG or PNG"
        )
    if not any_name and (odd := [name for name in sorted(names) if in_utf8(name) != name]):
        raise UserError(
            f"{folder}: {in_utf8(odd[0])} ({len(odd)} in all) has a name that is not UTF-8, which a list cannot hold; "
            f"rename it (for Chinese names: convmv -r -f GB18030 -t UTF-8 --notest {folder})"
        )
    return sorted(names)


def _begins_like_a_picture(entry: os.DirEntry[str]) -> bool:
    try:
        with open(entry.path, "rb") as file:
            return is_picture_header(file.read(_HEADER))
    except OSError:
        return False
