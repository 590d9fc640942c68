"""The folders that come with the package: ``tools`` and ``configs``."""

from pathlib import Path

from kdxf.errors import UserError

PREFIX = "kdxf::"
"""What a path in ``_base_`` starts with that is looked for in the shipped configs."""

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_folder(name: str) -> Path:
    """Return the folder ``tools`` or ``configs``: of the installed package, or of the clone that it runs from.

    Raises:
        UserError: There is no such folder.
    """
    for folder in (_PACKAGE / ".mim" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise UserError(f"this installation of kdxf has no folder {name!r} ({_PACKAGE}); install it again")


def shipped_config(path: str) -> str:
    """Return the file of a shipped config named ``kdxf::_base_/default_runtime.py``.

    Raises:
        UserError: There is no such config.
    """
    file = shipped_folder("configs") / path.removeprefix(PREFIX)
    if not file.is_file():
        raise UserError(f"{path}: kdxf has no such config; its configs are in {shipped_folder('configs')}")
    return str(file)
