"""What frozen encoders give, computed once and kept on disk. Shapes: n samples, V views of a sample, C channels.

A store is a folder with one folder inside per setting (encoder, its weights, the steps before it), named by the
settings' digest. Features are keyed by the content of the sample. So other settings start a folder of their own,
another sample is computed anew, and everything else stays.

================== ===================================================================================================
file               content
================== ===================================================================================================
``settings.json``  what the features were computed with
``blank.npy``      (C,) float32, the feature of a blank sample: of an image that cannot be read, or of no text
``features-*.npy`` (n, V, C) float16, view 0 for testing; memory-mapped, so that processes share it
``keys-*.npy``     the n keys of the part of that name, 64 hexadecimal digits each
================== ===================================================================================================

The keys of a part are written last, and features without keys do not count. So a part is there whole or not at all, and
a run that was stopped goes on with the samples that no part has.
"""

import json
import os
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kdxf.errors import UserError
from kdxf.progress import progress
from kdxf.text.hugging_face import model_digest
from kdxf_runtime.io.arrays import check_finite, open_array
from kdxf_runtime.io.digests import known_digest, settings_digest
from kdxf_runtime.io.files import replacing, write_whole

_PART = 256  # samples
_OPEN_PARTS = 256  # of all stores of a process, which may have a thousand files open
_SETTINGS, _BLANK = "settings.json", "blank.npy"
_NAMES_OF_FILES = ("checkpoint", "checkpoint_path", "pretrained", "tokenizer", "file")


class KeptFeatures(ABC):
    """The features of one setting. A subclass says what a sample is, and how it is encoded.

    Args:
        folder: The store.
        settings: What the features depend on, besides the sample.
        views: V, the views of a sample that is trained on; one that is only tested on has one.

    Attributes:
        path: The folder of this setting.
        views: V.

    Raises:
        UserError: A part is damaged.
    """

    def __init__(self, folder: str | Path, settings: Mapping[str, Any], views: int = 1) -> None:
        self.settings = settings
        self.views = views
        self.path = Path(folder, settings_digest(settings)[:16])
        self._places: dict[str, tuple[int, int]] = {}
        self._parts: list[tuple[str, int, int]] = []
        self._blank: np.ndarray | None = None
        parts = [self._read_part(keys) for keys in self.path.glob("keys-*.npy")]
        for features, keys in sorted(parts, key=lambda part: _mapped(*part[0]).shape[1]):  # those with more views win
            self._add(features, keys)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def blank(self) -> np.ndarray:
        """The feature of a blank sample (C,), float32."""
        if self._blank is None:
            file = self.path / _BLANK
            self._blank = self._read_blank(file) if file.is_file() else self._encode_blank()
        return self._blank

    def _read_blank(self, file: Path) -> np.ndarray:
        try:
            blank = open_array(file, (None,), ["float32"])
            check_finite(blank, file.name)
        except (OSError, ValueError) as error:
            raise UserError(f"{file} is damaged ({error}); remove it, and it is computed anew") from error
        return blank

    @abstractmethod
    def _encode_blank(self) -> np.ndarray:
        """Return the feature of a blank sample (C,), float32."""

    def _views_of(self, key: str) -> int:
        """Return how many views of a sample there are."""
        place = self._places.get(key)
        return 0 if place is None else _mapped(*self._parts[place[0]]).shape[1]

    def _find(self, key: str, view: int = 0) -> np.ndarray | None:
        """Return a feature (C,), float32, or None where the store lacks it."""
        place = self._places.get(key)
        if place is None:
            return None
        part = _mapped(*self._parts[place[0]])
        return part[place[1], view].astype(np.float32) if view < part.shape[1] else None

    def _fill(self, keys: Sequence[str], rows: Iterable[np.ndarray | None], unit: str, shown: bool) -> int:
        """Keep features, part by part.

        Args:
            keys: n keys.
            rows: Their features (V, C) in the same order, or None for a sample that cannot be encoded.
            unit: What the samples are, in the plural.
            shown: Whether to show the progress.

        Returns:
            The number of samples that were kept.
        """
        write_whole(json.dumps(self.settings, indent=2).encode(), self.path / _SETTINGS)
        if not (self.path / _BLANK).is_file():
            _save(self.path / _BLANK, self.blank)
        if not keys:
            return 0
        done, part = 0, {}
        with progress(len(keys), "features", unit, shown) as advance:
            for key, row in zip(keys, rows, strict=True):
                if row is not None:
                    part[key] = row.astype(np.float16)
                if len(part) == _PART:
                    done += self._keep(part)
                    part = {}
                advance()
        return done + (self._keep(part) if part else 0)

    def _keep(self, rows: Mapping[str, np.ndarray]) -> int:
        keys = self.path / f"keys-{uuid.uuid4().hex}.npy"
        _save(_features_of(keys), np.stack(list(rows.values())))
        _save(keys, np.array(list(rows), "S64"))
        self._add(*self._read_part(keys))
        return len(rows)

    def _read_part(self, file: Path) -> tuple[tuple[str, int, int], list[str]]:
        """Return what :func:`_mapped` takes for a part, and its keys."""
        features = _features_of(file)
        advice = f"remove {file.name} beside it, and its features are computed anew"
        try:
            status = features.stat()
            part = (str(features), status.st_size, status.st_mtime_ns)
            shape = _mapped(*part).shape
            keys = [key.decode() for key in open_array(file, (None,), ["S64"]).tolist()]
        except (OSError, ValueError) as error:
            raise UserError(f"{features} is damaged, or {file.name} ({error}); {advice}") from error
        if shape[0] != len(keys) or shape[1] not in (1, self.views):
            raise UserError(f"{features} does not hold 1 or {self.views} views of each sample; {advice}")
        return part, keys

    def _add(self, part: tuple[str, int, int], keys: Sequence[str]) -> None:
        self._places |= {key: (len(self._parts), row) for row, key in enumerate(keys)}
        self._parts.append(part)


def plain(value: Any) -> Any:
    """Return configs as plain dicts and lists, which JSON takes and whose digest does not depend on their types."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else f"{value.__module__}.{value.__qualname__}"


def by_content(config: Any) -> Any:
    """Return a plain config with the digests of weights, tokenizers and policies in place of their paths.

    So they count by what they say, and not by where they lie. A name that is no local file stands for itself.
    """
    if isinstance(config, list):
        return [by_content(item) for item in config]
    if not isinstance(config, Mapping):
        return config
    known = {key: by_content(value) for key, value in config.items()}
    for key in _NAMES_OF_FILES:
        path = os.path.expanduser(known[key]) if isinstance(known.get(key), str) else ""
        if os.path.isfile(path):
            known[key] = known_digest(path)
        elif os.path.isdir(path):
            known[key] = model_digest(path)
    return known


@lru_cache(maxsize=_OPEN_PARTS)
def _mapped(file: str, size: int, changed: int) -> np.ndarray:
    """Return the features of a file of a size, changed at a time in nanoseconds; a process maps it once."""
    return open_array(Path(file), (None, None, None), ["float16"])


def _features_of(keys: Path) -> Path:
    return keys.with_name(keys.name.replace("keys-", "features-", 1))


def _save(target: Path, array: np.ndarray) -> None:
    with replacing(target) as temporary, temporary.open("wb") as file:
        np.save(file, array)
