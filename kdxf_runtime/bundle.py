"""A bundle: a trained model with all that it needs to answer, in a folder or in one zip file.

====================== ===============================================================================================
file                   content
====================== ===============================================================================================
``bundle.json``        :class:`Manifest`: classes, steps of the pipeline, inputs of the graph, OCR, calibration, and the
                       digest of every other file
``model.onnx``         the graph, and ``model.onnx.data`` beside it where it is larger than 2 GB
``text/``              word vectors, TF-IDF, dictionaries, tokenizers
``ocr/``               the models of the OCR engine
``samples/``           pictures with the answers that are expected of them, ``expected.json``
``card.md``            what it is, for people
====================== ===============================================================================================

Nothing in a bundle runs code: the graph is ONNX, and all else is data. Each file is compared with its digest before
anything is loaded, so that a changed or cut off one is refused. Whoever can replace ``bundle.json`` can replace
everything: take bundles from where you would take programs.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from kdxf_runtime.categories import Categories
from kdxf_runtime.errors import UserError
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.io.kept_folders import cache_folder, hold, partial, remove_old
from kdxf_runtime.io.text_files import read_json_text

FORMAT = 1
MANIFEST = "bundle.json"
GRAPH = "model.onnx"
SUFFIX = ".kdxf"
"""Ending of a bundle in one file."""

_MOST_FILES = 10_000
_LARGEST = 1 << 36
_DTYPES = ("uint8", "int64", "float32")


@dataclass(frozen=True)
class GraphInput:
    """An input of the graph.

    Attributes:
        name: Its name, and the key of the pipeline's results that it takes.
        dtype: The name of its NumPy type.
        shape: Its shape; None is the number of samples, and of words, tokens or n-grams.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class Manifest:
    """What ``bundle.json`` says.

    Attributes:
        name: What the model is called.
        classes: The K class names that it was trained with, in the order of the scores.
        names: K names for people; None where they are the same.
        inputs: Those of the graph.
        steps: Configs of the steps that prepare a picture; paths in them start at the bundle.
        views: Configs of the steps of each view of test-time augmentation, whose scores are averaged; None without it.
        engine: Config of the OCR engine, with its name; None where the model takes no text.
        multi_label: ``{'threshold': t}`` or ``{'topk': n}`` where an image may have several labels; else None.
        calibration: What the scores mean (:mod:`kdxf_runtime.trust.calibration`); None without a calibration.
        routing: Which images need their text read (:mod:`kdxf_runtime.trust.routing`); None without.
        fingerprint: The data that it was calibrated on, to notice drift; None without.
        about: Where it comes from: versions, data, scores, licence.
        files: The size and SHA-256 of each file, by its path.
        format: Version of the bundle's format.
    """

    name: str
    classes: tuple[str, ...]
    inputs: tuple[GraphInput, ...]
    steps: tuple[dict[str, Any], ...]
    names: tuple[str, ...] | None = None
    views: tuple[tuple[dict[str, Any], ...], ...] | None = None
    engine: dict[str, Any] | None = None
    multi_label: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None
    routing: dict[str, Any] | None = None
    fingerprint: dict[str, Any] | None = None
    about: dict[str, Any] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: int = FORMAT

    @classmethod
    def parse(cls, content: Any) -> "Manifest":
        """Read the JSON of a manifest.

        Raises:
            ValueError: It is none, or one of another format; values of wrong kinds raise what they raise.
        """
        if not isinstance(content, dict):
            raise ValueError("holds no object")
        if content.get("format") != FORMAT:
            raise ValueError(f"has format {content.get('format')!r}, and this version reads {FORMAT}")
        inputs = tuple(_parsed_input(item) for item in content["inputs"])
        classes = _texts(content["classes"])
        names = None if content["names"] is None else _texts(content["names"])
        if len(set(classes)) != len(classes) or not classes or len(names or classes) != len(classes):
            raise ValueError("classes are none, or twice the same, or have another number of names")
        views = content["views"]
        _check_label_rule(content["multi_label"], len(classes))
        _check_facts(content["files"])
        return cls(
            **{
                **content,
                "classes": classes,
                "names": names,
                "inputs": inputs,
                "steps": _steps(content["steps"]),
                "views": None if views is None else tuple(_steps(view) for view in views),
            }
        )

    @property
    def categories(self) -> Categories:
        """Ids and names of the classes."""
        categories = Categories.named(self.classes)
        return categories if self.names is None else replace(categories, names=self.names)

    def to_json(self) -> str:
        """Return the text of ``bundle.json``."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"


def _parsed_input(item: Mapping[str, Any]) -> GraphInput:
    shape = tuple(item["shape"])
    if item["dtype"] not in _DTYPES or not all(size is None or (type(size) is int and size > 0) for size in shape):
        raise ValueError(f"input {item['name']!r} has the type {item['dtype']!r} and the shape {shape}")
    return GraphInput(str(item["name"]), item["dtype"], shape)


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise ValueError("a class has a name that is no text")
    return tuple(values)


def _check_label_rule(rule: Any, classes: int) -> None:
    if rule is None:
        return
    ((name, value),) = rule.items()
    if not (
        (name == "threshold" and isinstance(value, int | float))
        or (name == "topk" and type(value) is int and 1 <= value <= classes)
    ):
        raise ValueError(f"has the rule {name} = {value!r} for several labels")


def _check_facts(files: Any) -> None:
    if not isinstance(files, dict) or not all(isinstance(facts, dict) for facts in files.values()):
        raise ValueError("does not give the size and digest of each file")


def _steps(configs: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    if not all(isinstance(config, dict) and isinstance(config.get("type"), str) for config in configs):
        raise ValueError("a step has no type")
    return tuple(dict(config) for config in configs)


@dataclass(frozen=True)
class Bundle:
    """An opened bundle, whose files are as they were when it was made; use :meth:`open`.

    Attributes:
        folder: Where its files are.
        manifest: What it is.
        digest: The SHA-256 of ``bundle.json``, and with it of everything.
    """

    folder: Path
    manifest: Manifest
    digest: str

    @classmethod
    def open(cls, path: str | Path) -> "Bundle":
        """Open a bundle, and compare every file with its digest.

        A zip file is unpacked into the user's cache folder (``~/.cache/kdxf/bundles``), once. The bundles that were
        used last stay there (:mod:`kdxf_runtime.io.kept_folders`).

        Args:
            path: A folder, or a zip file.

        Raises:
            UserError: It is no bundle, one of another format, or a file is missing, changed or one too many.
        """
        path = Path(path)
        return _open_file(path) if path.is_file() else _open_folder(path)

    def path(self, name: str) -> Path:
        """Return the path of a file or a folder of the bundle.

        Raises:
            UserError: The name leads out of the bundle.
        """
        _check_name(name, self.folder / MANIFEST)
        return self.folder / name


def is_bundle(path: str | Path) -> bool:
    """Tell whether a path looks like a bundle: a folder with a manifest, or a file."""
    return Path(path).is_file() or Path(path, MANIFEST).is_file()


def _open_folder(folder: Path) -> Bundle:
    file = folder / MANIFEST
    if not file.is_file():
        raise UserError(f"{folder}: is no bundle (it has no {MANIFEST}); make one with kdxf export")
    content = read_json_text(file)
    try:
        manifest = Manifest.parse(content)
    except WRONG_VALUES as error:
        raise UserError(f"{file}: {in_one_line(error)}; export the bundle anew") from error
    check_files(folder, manifest.files)
    return Bundle(folder, manifest, file_digest(file))


WRONG_VALUES = (ValueError, TypeError, KeyError, IndexError, AttributeError)
"""What reading JSON raises whose values are not of the kinds that are expected."""


def in_one_line(error: Exception) -> str:
    """Return what an error of :data:`WRONG_VALUES` says of a file, in one line."""
    return f"has no {error.args[0]!r}" if isinstance(error, KeyError) else " ".join(str(error).split())[:200]


def _check_name(name: Any, where: Path) -> None:
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or ":" in parts[0]:
        raise UserError(f"{where}: {name!r} is not a path inside the bundle; it comes from nobody's export")


def list_files(folder: Path) -> Iterator[str]:
    """Yield the paths of all files below a folder, relative to it, in order."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


def describe_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the size and SHA-256 of each file of a bundle that is being made, but for the manifest."""
    return {
        name: {"bytes": (folder / name).stat().st_size, "sha256": file_digest(folder / name)}
        for name in list_files(folder)
        if name != MANIFEST
    }


def check_files(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Compare the files of a bundle with what its manifest says.

    Raises:
        UserError: One is missing, changed, a link, or not named.
    """
    if len(files) > _MOST_FILES:
        raise UserError(f"{folder / MANIFEST}: names {len(files)} files, and at most {_MOST_FILES} are read")
    for name, facts in files.items():
        _check_name(name, folder / MANIFEST)
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise UserError(f"{path}: is missing from the bundle, or is a link; copy the bundle again")
        if path.stat().st_size != facts.get("bytes") or file_digest(path) != facts.get("sha256"):
            raise UserError(f"{path}: is not the file that was exported; copy the bundle again, or export it anew")
    if more := [name for name in list_files(folder) if name not in files and name != MANIFEST]:
        raise UserError(f"{folder / more[0]}: does not belong to the bundle; remove it")


def pack(folder: Path, path: Path) -> None:
    """Write a bundle as one zip file. The files are stored as they are: weights do not get smaller."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for name in list_files(folder):
                archive.write(folder / name, name)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _open_file(path: Path) -> Bundle:
    """Open a zip file, by way of a folder of the cache that is named by the digest of its manifest."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(path, members)
            target = cache_folder("bundles") / hashlib.sha256(archive.read(MANIFEST)).hexdigest()
            if hold(target):
                with contextlib.suppress(UserError):
                    return _open_folder(target)
                shutil.rmtree(target)  # it was damaged there
            with partial(target.parent) as temporary:
                archive.extractall(temporary)
                try:
                    bundle = _open_folder(temporary)  # before it stays: its name stands for what the manifest says
                except UserError as error:
                    raise UserError(str(error).replace(str(temporary), str(path), 1)) from error
                try:
                    os.replace(temporary, target)
                except OSError:
                    if not target.is_dir():
                        raise
                    bundle = _open_folder(target)  # another process was first
            if not hold(target):
                raise UserError(f"{target}: was removed while it was opened; open the bundle again")
            remove_old(target.parent)
    # Names in a zip may be no UTF-8.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # but for a place before the begin of the file
            raise
        raise UserError(
            f"{path}: is no whole bundle ({in_one_line(error)}); copy it again, or export it anew"
        ) from error
    return replace(bundle, folder=target)


def _check_members(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    if MANIFEST not in names:
        raise UserError(f"{path}: is no bundle (it has no {MANIFEST}); make one with kdxf export --out NAME{SUFFIX}")
    if len(names) > _MOST_FILES or len(set(names)) != len(names):
        raise UserError(f"{path}: holds {len(names)} files, or one twice; it comes from nobody's export")
    for member in members:
        _check_name(member.filename, path)
        if member.compress_type != zipfile.ZIP_STORED or stat.S_ISLNK(member.external_attr >> 16):
            raise UserError(f"{path}: {member.filename} is compressed, or a link; it comes from nobody's export")
    if sum(member.file_size for member in members) > min(path.stat().st_size, _LARGEST):
        raise UserError(f"{path}: its files are larger than itself; it comes from nobody's export")


def stacked(item: GraphInput, values: Sequence[np.ndarray]) -> np.ndarray:
    """Return the batch of an input.

    Raises:
        UserError: A value has another shape than the graph takes.
    """
    batch = np.stack(values)
    if batch.ndim != len(item.shape) or any(
        wanted not in (None, size) for wanted, size in zip(item.shape, batch.shape, strict=True)
    ):
        raise UserError(
            f"input {item.name}: the pipeline gives {batch.shape[1:]} and the graph takes {item.shape[1:]}; export the "
            "bundle anew"
        )
    return batch.astype(item.dtype, copy=False)
