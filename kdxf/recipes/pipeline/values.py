"""The values of a recipe, which stand in its commands and paths as ``{name}``."""

from collections.abc import Mapping
from typing import Any

from kdxf.errors import UserError


def replaced(values: Mapping[str, Any], new: Mapping[str, Any], recipe: str, source: str) -> dict[str, Any]:
    """Give the values with the new ones in their places.

    Args:
        values: The values, in the order of the file.
        new: Others for some of them.
        recipe: Stands in messages.
        source: Of the new ones, likewise.

    Raises:
        UserError: A new one has a name that the recipe does not use.
    """
    for name in new:
        if name not in values:
            known = ", ".join(sorted(values))
            raise UserError(f"{recipe}: {source} names {name!r}, which the recipe does not use (it has: {known})")
    return {**values, **new}


def filled(values: Mapping[str, Any], recipe: str) -> dict[str, Any]:
    """Put values into the values that stand behind them.

    Raises:
        UserError: A value names one that does not stand before it.
    """
    done: dict[str, Any] = {}
    for name, value in values.items():
        done[name] = fill(value, done, f"{recipe}: the value {name!r}") if isinstance(value, str) else value
    return done


def fill(text: str, values: Mapping[str, Any], where: str) -> str:
    """Put values into a text; ``{{`` stands for a brace.

    Raises:
        UserError: The text names a value that does not exist, or has a brace of its own. It begins with ``where``.
    """
    try:
        return text.format_map(values)
    except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
        raise UserError(f"{where} has {text!r}, whose {error} has no value") from error
