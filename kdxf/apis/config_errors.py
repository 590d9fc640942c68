"""Tells a mistake in a config from a fault of the library."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.registry import build_functions
from mmengine.runner import checkpoint as host_checkpoint

from kdxf.errors import UserError

_SHOWN = 8  # prefixes in a message
# Of TypeErrors, those about a call's arguments.
_BAD_ARGUMENT = re.compile(r"(unexpected keyword|required (positional|keyword-only)|multiple values for) ?.*argument")


@contextmanager
def explaining_config_errors() -> Iterator[None]:
    """Turn what goes wrong while the parts of a config are built and get their weights into one line for the user.

    That is a name that nobody registered; a ``ValueError``, an ``AssertionError`` or a wrong argument in the
    constructor of a part; and a ``prefix`` in ``init_cfg`` that no weight of the checkpoint has. Everything else passes
    through.

    Raises:
        UserError: The config has a mistake.
    """
    try:
        yield
    except UserError:
        raise
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        message = _unknown_name(error) or _wrong_prefix(error) or _wrong_setting(error)
        if message is None:
            raise
        raise UserError(message) from error


def _unknown_name(error: Exception) -> str | None:
    name, marker, rest = str(error.args[0] if error.args else "").partition(" is not in the ")
    if not isinstance(error, KeyError) or not marker or " registry" not in rest:
        return None
    return (
        f"the config names {name.split()[-1]!r}, which is not in the {rest.partition(' registry')[0]} registry; check "
        "the spelling, or import the module that registers it with custom_imports"
    )


def _wrong_prefix(error: Exception) -> str | None:
    """Of ``init_cfg=dict(type='Pretrained', ...)``, where mmengine does not say which prefixes there are."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    if frame.f_code is not host_checkpoint._load_checkpoint_with_prefix.__code__:
        return None
    checkpoint, prefix, file = (frame.f_locals[name] for name in ("checkpoint", "prefix", "filename"))
    names = checkpoint.get("state_dict", checkpoint)
    found = list(dict.fromkeys("".join(name.partition(".")[:2]) for name in names)) or ["nothing"]
    more = ", ..." if len(found) > _SHOWN else ""
    return (
        f"init_cfg: checkpoint {file} has no weights whose names begin with {prefix!r}; they begin with "
        f"{', '.join(found[:_SHOWN])}{more}: correct or remove the prefix"
    )


def _wrong_setting(error: Exception) -> str | None:
    part = _part_being_built(error)
    if part is None or isinstance(error, KeyError):
        return None
    if isinstance(error, TypeError) and not _BAD_ARGUMENT.search(str(error)):
        return None
    # A bare assertion says nothing; its line of code says something.
    reason = str(error) or traceback.extract_tb(error.__traceback__)[-1].line
    return f"the config's settings of {part} are wrong: {reason}"


def _part_being_built(error: Exception) -> str | None:
    """The innermost component whose constructor the exception came from, by its name in the config."""
    part = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == build_functions.__file__:
            kind = frame.f_locals.get("obj_type", frame.f_locals.get("scheduler_type"))
            part = kind if isinstance(kind, str) else getattr(kind, "__name__", part)
    return part
