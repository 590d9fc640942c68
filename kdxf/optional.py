"""Packages that only some parts need: they come as extras and are imported where they are used."""

import importlib
from types import ModuleType

from kdxf.errors import UserError


def require(module: str, extra: str, needed_by: str) -> ModuleType:
    """Imports a package that an extra of kdxf brings.

    Args:
        module: The module to import, such as ``ray.data``.
        extra: The extra of kdxf that brings it.
        needed_by: What needs it, as the user named it: a component or an option.

    Raises:
        UserError: The package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # A package that is there but lacks something of its own must not be reported as missing.
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise UserError(
            f"{needed_by} needs the package {error.name}: pip install 'kdxf[{extra}]' "
            f"(in a clone: pip install -e '.[{extra}]')"
        ) from error
