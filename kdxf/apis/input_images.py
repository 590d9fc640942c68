"""Which images inference predicts, in which order, and what the table of predictions calls them."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmpretrain.datasets import BaseDataset

from kdxf.errors import UserError
from kdxf.image_io import IMAGE_EXTENSIONS, list_images


@dataclass(frozen=True)
class InputImage:
    """An image to predict.

    Attributes:
        image_id: What the table of predictions calls it.
        path: Where it lies.
        ocr_key: What an OCR table calls it.
    """

    image_id: str
    path: str
    ocr_key: str


def collect_images(inputs: Sequence[str | Path], ocr_root: str | Path | None = None) -> list[InputImage]:
    """Lists the images of files and folders, in the order given, those of a folder sorted.

    =========  =====================================  ========================================
    input      ``image_id``                           ``ocr_key`` without / with ``ocr_root``
    =========  =====================================  ========================================
    file       the path as given                      the path as given / relative to the root
    folder     relative to the folder; below the      relative to the folder / to the root
               folder as given, if the name occurs
               in another input as well
    =========  =====================================  ========================================

    A file that is missing, but is named like an image, is an input that cannot be read.

    Args:
        inputs: Paths of images and of folders, searched with their subfolders.
        ocr_root: The folder that the paths of the OCR table are relative to.

    Raises:
        UserError: An input does not exist (and is not named like an image), or a folder holds no images.
    """
    found = [pair for source in inputs for pair in _list(str(source))]
    sources = Counter(name for _, name in set(found))
    images = []
    for folder, name in found:
        path = os.path.join(folder, name)
        image_id = path if sources[name] > 1 else name
        images.append(InputImage(image_id, path, name if ocr_root is None else _relative(path, ocr_root)))
    return images


def dataset_images(dataset: BaseDataset, ocr_root: str | Path | None = None) -> list[InputImage]:
    """Lists the images of a dataset in its order, called as its annotation file does: relative to ``data_prefix``.

    Args:
        dataset: Any dataset whose samples have ``img_path``.
        ocr_root: As of :func:`collect_images`; by default ``data_prefix``.
    """
    prefix = os.path.join(getattr(dataset, "img_prefix", ""), "")
    images = []
    for index in range(len(dataset)):
        path = dataset.get_data_info(index)["img_path"]
        image_id = path.removeprefix(prefix)
        images.append(InputImage(image_id, path, image_id if ocr_root is None else _relative(path, ocr_root)))
    return images


def _list(source: str) -> list[tuple[str, str]]:
    """Pairs of a folder, '' for a file that is an input itself, and a path below it."""
    if os.path.isdir(source):
        names = list_images(Path(source))
        if not names:
            raise UserError(f"{source}: no images in this folder; known are {', '.join(sorted(IMAGE_EXTENSIONS))}")
        return [(source, name) for name in names]
    if not os.path.exists(source) and Path(source).suffix.lower() not in IMAGE_EXTENSIONS:
        raise UserError(f"{source}: no such file or folder; give images, or folders that hold images")
    return [("", source)]


def _relative(path: str, root: str | Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()
