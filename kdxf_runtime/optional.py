"""Optional packages: they come as extras and are imported where they are used."""

import importlib
import importlib.util
from types import ModuleType

from kdxf_runtime.errors import UserError

# The distribution whose extras these are: kdxf has the runtime in it, and the runtime can be installed by itself.
_OWNER, _CLONE = ("kdxf", ".") if importlib.util.find_spec("kdxf") else ("kdxf-runtime", "runtime/")


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
            f"{needed_by} needs the package {error.name}: pip install '{_OWNER}[{extra}]' "
            f"(in a clone: pip install -e '{_CLONE}[{extra}]')"
        ) from error
