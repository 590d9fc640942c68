"""Input and output of the list tools: they read lists, write results, and never change an input."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations, write_annotations
from kdxf_runtime.io.folders import list_images
from kdxf_runtime.io.unicode_names import nfc


@dataclass(frozen=True)
class ImageList:
    """A list of images and their root folder.

    Attributes:
        frame: One row per image: ``image`` (POSIX path relative to ``root``), ``label`` if the list has labels, and
            any other columns.
        root: The image root.
        source: The file or folder that the list was read from.
    """

    frame: pd.DataFrame
    root: Path
    source: Path


def read_list(source: Path, root: Path | None = None, labels: bool = False) -> ImageList:
    """Read an annotation file, or list the images of a folder.

    Args:
        source: See :func:`kdxf.io.annotations.read_annotations`; or a folder, whose images have no labels.
        root: The image root; by default the folder itself, or the folder of the annotation file.
        labels: Whether the rows must have labels.

    Raises:
        UserError: There is nothing to read, or labels are required and missing.
    """
    if source.is_dir():
        frame = pd.DataFrame({"image": list_images(source)}, dtype="str")
        if frame.empty:
            raise UserError(f"{source}: no images in it")
        if root is not None and not source.resolve().is_relative_to(root.resolve()):
            raise UserError(f"{source}: does not lie below the image root {root}; change --root")
        if root is not None:
            prefix = nfc(source.resolve().relative_to(root.resolve()).as_posix())
            frame["image"] = f"{prefix}/" + frame["image"]
        base = source
    else:
        frame, base = read_annotations(source), source.parent
    if labels and "label" not in frame.columns:
        raise UserError(f"{source}: has no labels; give a list with the column 'label'")
    return ImageList(frame, base if root is None else root, source)


def write_lists(
    frames: Mapping[Path, pd.DataFrame],
    inputs: Iterable[Path],
    *,
    dry_run: bool = False,
    overwrite: bool = False,
    excel: bool = False,
) -> None:
    """Write result lists, all or none of them.

    Args:
        frames: Path to the frame to write.
        inputs: The files that the tool read; none of them is ever replaced.
        dry_run: Whether to check only and write nothing.
        overwrite: Whether an existing result may be replaced.
        excel: As of :func:`kdxf.io.annotations.write_annotations`.

    Raises:
        UserError: A result would replace an input, or an existing file while ``overwrite`` is off.
    """
    read = {Path(path).resolve() for path in inputs}
    for path in frames:
        check_result(path, read, overwrite)
    if dry_run:
        return
    for path, frame in frames.items():
        write_annotations(frame, path, excel)


def check_result(path: Path, inputs: Iterable[Path], overwrite: bool) -> None:
    """Check before the work that a result may be written to ``path``.

    Raises:
        UserError: It is a folder or an input, or it exists and ``overwrite`` is off.
    """
    if path.is_dir():
        raise UserError(f"{path}: is a folder; give the name of a file")
    if path.resolve() in {Path(item).resolve() for item in inputs}:
        raise UserError(f"{path}: is an input, which is never changed; choose another name for the result")
    if path.exists() and not overwrite:
        raise UserError(f"{path}: is there already; choose another name, or replace it with --overwrite")
