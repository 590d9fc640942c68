"""Fingerprints of the files that a config names: a record of the data that a model was trained on."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations
from kdxf.text.ocr.table import table_digest
from kdxf_runtime.io.digests import content_digest, files_of, known_digest, settings_digest
from kdxf_runtime.io.unicode_names import find_file

# Names of components, and folders of data that other keys name.
_NO_CONTENT = ("type", "scope", "_scope_", "data_root", "data_prefix", "img_prefix", "work_dir")
# A text names a folder if it has a slash or one of these keys; a class or a mode may have the name of a folder, too.
_FOLDERS = ("ocr_file", "vectors", "pretrained", "tokenizer")
_PICTURES = "data_prefix"
_tables: dict[tuple[str, str], str] = {}


def config_files(settings: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the fingerprints of the files and folders that settings name: any text that is the path of one.

    A text without a slash names a folder only under certain keys (``ocr_file``, ``vectors``, ...).

    Paths in a dataset start at its ``data_root``. A file is compared by its bytes, a folder by the names and bytes of
    its files, pictures by name and size (:func:`kdxf_runtime.io.digests.content_digest`). Of an OCR table
    (``ocr_file``) only the rows of the images in the list count, so that it may grow by others. Of a dataset's picture
    folder (``data_prefix``) only the pictures of the list count, by name and size, if any of them exists.

    Args:
        settings: A config, or parts of it by name.

    Returns:
        The last key that leads to each path, such as ``ocr_file``; under it the paths, as they are opened, and their
        fingerprints, 64 hexadecimal digits.

    Raises:
        UserError: A list or an OCR table cannot be read.
    """
    found: dict[str, dict[str, str]] = {}
    images = cache(_images)  # each list is read once, and not kept
    pictures = cache(lambda root, list_file: _pictures(root, list_file, images))
    for key, path, list_file in _paths(settings):
        if key == _PICTURES:
            digest = pictures(path, list_file)
        elif key == "ocr_file" and os.path.isfile(list_file):
            digest = _table(path, list_file, images)
        else:
            digest = content_digest(path)
        if digest is None:
            continue
        # A table or a picture folder that two lists share counts with its part for each.
        before = found.setdefault(key, {}).get(path, digest)
        found[key][path] = digest if before == digest else settings_digest([before, digest])
    return found


def config_contents(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return one fingerprint for each key of :func:`config_files`, in which the paths do not count."""
    return {key: settings_digest(sorted(set(files.values()))) for key, files in config_files(settings).items()}


def _paths(value: Any, key: str = "", root: str = "", list_file: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield key, path, and the list of the dataset ('' outside of one)."""
    if isinstance(value, Mapping):
        root = os.path.expanduser(value["data_root"]) if isinstance(value.get("data_root"), str) else root
        if isinstance(value.get("ann_file"), str):
            list_file = os.path.join(root, os.path.expanduser(value["ann_file"]))
        for name, item in value.items():
            if name not in _NO_CONTENT:
                yield from _paths(item, str(name), "" if name == "pipeline" else root, list_file)
        if isinstance(value.get("ann_file"), str) and os.path.isfile(list_file):
            yield _PICTURES, os.path.join(root, _image_prefix(value)) or ".", list_file
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _paths(item, key, root, list_file)
    elif isinstance(value, str) and value:
        path = os.path.join(root, os.path.expanduser(value))
        meant = os.path.isfile(path) or (os.path.isdir(path) and ("/" in value or key in _FOLDERS))
        # '.' and '..' name nothing in particular.
        if meant and Path(path).resolve() not in (Path(root).resolve(), *Path.cwd().parents):
            yield key, path, list_file


def _image_prefix(dataset: Mapping[str, Any]) -> str:
    prefix = dataset.get(_PICTURES)
    if isinstance(prefix, Mapping):
        prefix = prefix.get("img_path")
    return os.path.expanduser(prefix) if isinstance(prefix, str) else ""


def _images(list_file: str) -> pa.ChunkedArray:
    images = read_annotations(list_file, empty_labels=True)["image"]
    return pa.Table.from_pandas(images.to_frame(), preserve_index=False)["image"]


def _pictures(root: str, list_file: str, images: Callable[[str], pa.ChunkedArray]) -> str | None:
    """Return a fingerprint of the pictures of a list; None where none exists, as with pictures in tar shards."""
    try:
        names = sorted(pc.unique(images(list_file)).to_pylist())
    except UserError:  # a list in another format, which only the dataset itself reads
        return None
    sizes = [(name, _size(os.path.join(root, name))) for name in names]
    return settings_digest(sizes) if any(size is not None for _, size in sizes) else None


def _size(path: str) -> int | None:
    try:
        return find_file(path).stat().st_size
    except (OSError, ValueError):  # it does not exist, or no file can have this name
        return None


def _table(path: str, list_file: str, images: Callable[[str], pa.ChunkedArray]) -> str:
    """Return a fingerprint of an OCR table; it is read again only when it or the list has changed."""
    files = [("", os.stat(path))] if os.path.isfile(path) else files_of(path)
    state = settings_digest(sorted((name, status.st_size, status.st_mtime_ns) for name, status in files))
    key = (os.path.realpath(path) + state, known_digest(list_file))
    if key not in _tables:
        _tables[key] = table_digest(path, images(list_file))
    return _tables[key]
