"""Which images an OCR job reads: folders, annotation files, tar shards."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations
from kdxf_runtime.io.folders import list_images
from kdxf_runtime.io.tar_shards import is_shard
from kdxf_runtime.io.unicode_names import nfc
from kdxf_runtime.sources import members_of


def list_inputs(inputs: Sequence[Path], root: Path | None = None) -> tuple[list[str], Path]:
    """List the images of folders, annotation files and tar shards, in any mixture.

    Args:
        inputs: Folders of images, annotation files (see :func:`kdxf.io.annotations.read_annotations`), and tar shards
            (``.tar``, ``.tar.gz``, ``.tgz``), of which those members count that are images by their extension. Shards
            inside a folder are not searched for.
        root: The image root. By default the folder in ``inputs``, or the folder of the files.

    Returns:
        The images as POSIX paths relative to the root, and the root. A member of a shard has the shard's path before
        its own: ``shards/000.tar/cat/1.jpg``.

    Raises:
        UserError: There are no images, inputs in several folders without a root, a folder or shard outside of the
            root, or a broken shard.
    """
    if root is None:
        folders = {source if source.is_dir() else source.parent for source in inputs}
        if len(folders) > 1:
            raise UserError(
                "--root is missing: the inputs lie in several folders; name the one that the paths are relative to"
            )
        root = folders.pop()
    images: list[str] = []
    for source in inputs:
        if source.is_dir():
            images += _list_folder(source, root)
        elif is_shard(source):
            images += _list_shard(source, root)
        else:
            images += read_annotations(source)["image"].tolist()
    if not images:
        raise UserError(f"{', '.join(map(str, inputs))}: no images there; {_advice(inputs)}")
    return images, root


def _advice(inputs: Sequence[Path]) -> str:
    """Return advice on what to give in place of ``inputs``, which hold no images."""
    shards = (path for folder in inputs if folder.is_dir() for path in folder.iterdir() if is_shard(path))
    if (shard := next(shards, None)) is not None:
        return f"tar shards in a folder are read when they are named: {shard.parent}/*{''.join(shard.suffixes)}"
    return "give a folder of images, an annotation file, or tar shards"


def _list_folder(folder: Path, root: Path) -> list[str]:
    prefix = _path_below(folder, folder, root)
    return [nfc((prefix / image).as_posix()) for image in list_images(folder, any_name=True)]


def _list_shard(path: Path, root: Path) -> list[str]:
    prefix = nfc((_path_below(path.parent, path, root) / path.name).as_posix())
    return [f"{prefix}/{name}" for name in members_of(path)]


def _path_below(folder: Path, source: Path, root: Path) -> PurePosixPath:
    try:
        return PurePosixPath(folder.resolve().relative_to(root.resolve()))
    except ValueError as error:
        raise UserError(f"{source}: does not lie below the image root {root}; change --root") from error
