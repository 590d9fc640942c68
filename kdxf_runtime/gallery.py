"""A gallery: embeddings of pictures whose classes are known, by which new classes are recognized without training.

A new class is added by adding pictures of it. The embedding of a picture is what the head of a bundle's model takes
(for an ArcFace model the feature whose angles it compares), of unit length. A new picture gets the class whose pictures
among the nearest ones are most alike: the classes of the k nearest pictures, each with its cosine similarity as weight.

The search compares with every picture, in blocks: exact, without an index that would have to be built anew, and fast
enough: benchmarks/gallery.py measures it.

================== ===================================================================================================
file               content
================== ===================================================================================================
``gallery.json``   what it is: the bundle, the classes, and of each picture its path and class
``embeddings.npy`` float16 (n, C), in the order of the pictures
================== ===================================================================================================

n pictures, C channels.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kdxf_runtime.bundle import Bundle
from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.io.arrays import check_finite, open_array
from kdxf_runtime.io.files import replacing, write_json
from kdxf_runtime.io.folders import list_images
from kdxf_runtime.io.text_files import read_json_text

FORMAT = 1
_META, _EMBEDDINGS = "gallery.json", "embeddings.npy"
_BLOCK = 1 << 14
_ADVICE = "make it with kdxf index"


@dataclass(frozen=True)
class Neighbour:
    """A picture of a gallery that is like a new one.

    Attributes:
        path: The picture, as it was given.
        label: Its class.
        similarity: The cosine of the two embeddings, from -1 to 1.
    """

    path: str
    label: str
    similarity: float


@dataclass(frozen=True, eq=False)
class Gallery:
    """Embeddings of pictures with known classes; use :meth:`open` or :func:`build`.

    Attributes:
        bundle: The digest of the bundle that embedded them.
        labels: The class of each picture.
        paths: The path of each picture.
        embeddings: float16 (n, C), of unit length.
    """

    bundle: str
    labels: tuple[str, ...]
    paths: tuple[str, ...]
    embeddings: np.ndarray

    @classmethod
    def open(cls, folder: str | Path) -> "Gallery":
        """Open a folder; its embeddings are memory-mapped.

        Raises:
            UserError: It is no gallery, or its files do not fit each other.
        """
        folder = Path(folder)
        if not (folder / _META).is_file():
            raise UserError(f"{folder}: is no gallery (it has no {_META}); {_ADVICE}")
        try:
            facts = read_json_text(folder / _META)
            if facts["format"] != FORMAT:
                raise ValueError(f"has format {facts['format']!r}, and this version reads {FORMAT}")
            labels, paths = tuple(map(str, facts["labels"])), tuple(map(str, facts["paths"]))
            embeddings = open_array(folder / _EMBEDDINGS, (len(labels), None), ["float16"])
            if len(paths) != len(labels) or not labels:
                raise ValueError(f"has {len(paths)} paths and {len(labels)} labels")
            check_finite(embeddings, _EMBEDDINGS)
            return cls(str(facts["bundle"]), labels, paths, embeddings)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UserError(f"{folder}: the gallery is damaged ({error}); {_ADVICE}") from error

    def save(self, folder: str | Path) -> None:
        """Write the folder; the file that makes it one comes last."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _META).unlink(missing_ok=True)
        with replacing(folder / _EMBEDDINGS) as temporary, temporary.open("wb") as file:
            np.save(file, self.embeddings)
        facts = {"format": FORMAT, "bundle": self.bundle, "labels": list(self.labels), "paths": list(self.paths)}
        write_json(facts, folder / _META)

    def check(self, bundle: Bundle) -> None:
        """Check that a bundle makes embeddings as those of this gallery.

        Raises:
            UserError: It is another bundle.
        """
        if self.bundle != bundle.digest:
            raise UserError(
                f"{bundle.folder}: is another bundle than the one that the gallery was made with, so that their "
                "embeddings cannot be compared; make the gallery anew with kdxf index"
            )

    def nearest(self, embedding: np.ndarray, count: int) -> list[Neighbour]:
        """Return the pictures most alike, most alike first.

        Args:
            embedding: float (C,), of any length above 0.
            count: How many, at most.
        """
        asked = unit(embedding[None].astype(np.float32))[0]
        found = np.concatenate([block.astype(np.float32) @ asked for block in _blocks(self.embeddings)])
        count = min(count, len(found))
        best = np.argpartition(-found, count - 1)[:count]
        best = best[np.lexsort((best, -found[best]))]
        return [Neighbour(self.paths[row], self.labels[row], float(found[row])) for row in best.tolist()]


def vote(neighbours: Sequence[Neighbour]) -> tuple[str, float]:
    """Return the class that the neighbours speak for, and its share of their similarities, from 0 to 1.

    A neighbour that points away speaks for nothing. Of equal classes the one with the nearest picture wins.
    """
    weights: dict[str, float] = {}
    for neighbour in neighbours:
        weights[neighbour.label] = weights.get(neighbour.label, 0.0) + max(neighbour.similarity, 0.0)
    label = max(weights, key=lambda name: weights[name])
    total = sum(weights.values())
    return label, weights[label] / total if total else 0.0


def unit(features: np.ndarray) -> np.ndarray:
    """Return features (n, C) of unit length, float32; one of zeros stays."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return (features / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)


def _blocks(embeddings: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(embeddings), _BLOCK):
        yield embeddings[start : start + _BLOCK]


def list_classes(folder: str | Path) -> list[tuple[InputImage, str]]:
    """List the pictures of a folder with one folder per class, at any depth: the innermost one is the class.

    Raises:
        UserError: There are no pictures, or one lies in no class.
    """
    folder = Path(folder)
    names = list_images(folder) if folder.is_dir() else []
    if not names:
        raise UserError(f"{folder}: no pictures there; give a folder with one folder of pictures per class")
    found = []
    for name in names:
        label = Path(name).parent.name
        if not label:
            raise UserError(f"{folder / name}: lies in no folder of a class; move it into one, named as the class")
        path = os.path.join(folder, name)
        found.append((InputImage(path, path, path), label))
    return found


def build(
    bundle: Bundle, embedded: Iterable[tuple[InputImage, str, np.ndarray]], before: Gallery | None = None
) -> Gallery:
    """Make a gallery, or add pictures to one.

    Args:
        bundle: The bundle that embeds.
        embedded: Pictures with their class and their feature (C,).
        before: A gallery of the same bundle; a picture of its that comes again is replaced.

    Raises:
        UserError: There is no picture, or the gallery is of another bundle.
    """
    rows: dict[str, tuple[str, np.ndarray]] = {}
    if before is not None:
        before.check(bundle)
        rows = {
            path: (label, row) for path, label, row in zip(before.paths, before.labels, before.embeddings, strict=True)
        }
    for image, label, feature in embedded:
        rows[image.path] = (label, unit(feature[None])[0].astype(np.float16))
    if not rows:
        raise UserError("no picture could be read, so there is no gallery")
    labels = tuple(label for label, _ in rows.values())
    return Gallery(bundle.digest, labels, tuple(rows), np.stack([row for _, row in rows.values()]))


def describe(gallery: Gallery) -> dict[str, Any]:
    """Return the number of pictures of each class, the fewest first."""
    counts: dict[str, int] = {}
    for label in gallery.labels:
        counts[label] = counts.get(label, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: item[1]))
