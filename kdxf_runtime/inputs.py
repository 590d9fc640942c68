"""The images to predict, in order."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.folders import list_images
from kdxf_runtime.io.images import IMAGE_EXTENSIONS
from kdxf_runtime.table_columns import Row


@dataclass(frozen=True)
class InputImage:
    """An image to predict.

    Attributes:
        image_id: Its name in the table of predictions.
        path: Its file.
        ocr_key: Its name in an OCR table.
        columns: The cells of its row of a table (:mod:`kdxf_runtime.table_columns`); None where it has none.
    """

    image_id: str
    path: str
    ocr_key: str
    columns: Row | None = field(default=None, hash=False)


def list_input(source: str) -> list[tuple[str, str]]:
    """Return pairs of a folder ('' for an input that is a file) and a path below it.

    Raises:
        UserError: As of :func:`collect_images`.
    """
    if os.path.isdir(source):
        names = list_images(Path(source), any_name=True)
        if not names:
            raise UserError(f"{source}: no images in this folder; known are {', '.join(sorted(IMAGE_EXTENSIONS))}")
        return [(source, name) for name in names]
    if not os.path.exists(source) and Path(source).suffix.lower() not in IMAGE_EXTENSIONS:
        raise UserError(f"{source}: no such file or folder; give images, or folders that hold images")
    return [("", source)]


def collect_images(
    inputs: Sequence[str | Path],
    ocr_root: str | Path | None = None,
    list_one: Callable[[str], list[tuple[str, str]]] = list_input,
) -> list[InputImage]:
    """List the images of files and folders, in the order given, those of a folder sorted.

    =========  =====================================  ========================================
    input      ``image_id``                           ``ocr_key`` without / with ``ocr_root``
    =========  =====================================  ========================================
    file       the path as given                      the path as given / relative to the root
    folder     relative to the folder; below the      relative to the folder / to the root
               folder as given, if the name occurs
               in another input as well
    =========  =====================================  ========================================

    A missing file with the extension of an image is an input that cannot be read.

    Args:
        inputs: Paths of images and of folders, searched with their subfolders.
        ocr_root: The folder that the paths of the OCR table are relative to.
        list_one: Lists an input, as :func:`list_input` does.

    Raises:
        UserError: An input does not exist (and has no extension of an image), or a folder holds no images.
    """
    pairs = [pair for source in inputs for pair in list_one(str(source))]
    sources = Counter(name for _, name in set(pairs))
    images = []
    for folder, name in pairs:
        path = os.path.join(folder, name)
        image_id = path if sources[name] > 1 else name
        images.append(InputImage(image_id, path, name if ocr_root is None else relative(path, ocr_root)))
    return images


def relative(path: str, root: str | Path) -> str:
    """Return a path relative to a folder, with slashes."""
    return Path(os.path.relpath(path, root)).as_posix()
