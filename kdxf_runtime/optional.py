"""Optional packages: they come as extras and are imported where they are used."""

import importlib
from types import ModuleType

from kdxf_runtime.errors import UserError


def require(module: str, extra: str, needed_by: str) -> ModuleType:
    """Import a package that an extra of kdxf installs.

    Args:
        module: The module to import, such as ``ray.data``.
        extra: The extra of kdxf that installs it.
        needed_by: The component or option that needs it, as the user wrote it.

    Raises:
        UserError: The package is not installed.
        ModuleNotFoundError: The package is installed, but one that it imports is not.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # An installed package that lacks a dependency of its own must not be reported as missing.
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise UserError(
            f"{needed_by} needs the package {error.name}: pip install 'kdxf[{extra}]' "
            f"(in a clone: pip install -e '.[{extra}]')"
        ) from error
