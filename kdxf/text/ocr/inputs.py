"""Which images an OCR job reads: those of folders and of annotation files."""

from collections.abc import Sequence
from pathlib import Path

from kdxf.annotations import read_annotations
from kdxf.errors import UserError
from kdxf.image_io import list_images


def list_inputs(inputs: Sequence[Path], root: Path | None = None) -> tuple[list[str], Path]:
    """Lists the images of folders and annotation files.

    Args:
        inputs: Folders of images, and annotation files (see :func:`kdxf.annotations.read_annotations`).
        root: The image root. By default the folder, or the folder of the annotation file, that ``inputs`` names.

    Returns:
        The images as POSIX paths relative to the root, and the root.

    Raises:
        UserError: There are no images, several inputs without a root, or a folder outside of the root.
    """
    if root is None:
        if len(inputs) > 1:
            raise UserError("--root is missing: with several inputs, name the folder that the paths are relative to")
        root = inputs[0] if inputs[0].is_dir() else inputs[0].parent
    images: list[str] = []
    for source in inputs:
        images += _list_folder(source, root) if source.is_dir() else read_annotations(source)["image"].tolist()
    if not images:
        raise UserError(
            f"{', '.join(map(str, inputs))}: no images there; give a folder of images or an annotation file"
        )
    return images, root


def _list_folder(folder: Path, root: Path) -> list[str]:
    try:
        prefix = folder.resolve().relative_to(root.resolve())
    except ValueError as error:
        raise UserError(f"{folder}: does not lie below the image root {root}; change --root") from error
    return [(prefix / image).as_posix() for image in list_images(folder)]
