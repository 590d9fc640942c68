"""Puts what lies in the place of a stage's outputs aside, before the stage starts anew."""

import os
import shutil
from itertools import count
from pathlib import Path

from kdxf.errors import UserError


def there(outputs: tuple[str, ...]) -> list[Path]:
    """Give the outputs that exist, folders before what lies in them."""
    return sorted(Path(output) for output in outputs if os.path.lexists(output))


def clear(folder: Path) -> None:
    """Remove what was put aside last time."""
    if folder.is_dir():
        shutil.rmtree(folder)


def put_aside(outputs: tuple[str, ...], work: Path, folder: Path) -> list[Path]:
    """Move the outputs that exist into a folder, where they keep their paths below ``work``.

    It only renames, and never onto anything that is there.

    Returns:
        What was moved, by its old paths.

    Raises:
        UserError: A file or folder cannot be moved, such as onto another file system.
    """
    moved = []
    for output in there(outputs):
        if not os.path.lexists(output):
            continue  # it went with the folder that it lay in
        target = _free(folder / output.relative_to(work))
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(output, target)
        except OSError as error:
            raise UserError(
                f"{output} is of an earlier run and cannot be moved to {target}: {error.strerror}; move it away"
            ) from error
        moved.append(output)
    return moved


def _free(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.{number}") if number else path for number in count())
    return next(name for name in names if not os.path.lexists(name))
