"""OCR engines built from their configs, and configs made from command-line options."""

import ast
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from kdxf.errors import UserError
from kdxf.text.registry import OCR_ENGINES
from kdxf_runtime.ocr.base import BaseOCREngine

_SHORT_NAMES = {"rapidocr": "RapidOCREngine", "easyocr": "EasyOCREngine", "tesseract": "TesseractEngine"}


def engine_config(name: str, options: Sequence[str] = (), flag: str = "--engine-options") -> dict[str, Any]:
    """Make an engine's config from command-line options.

    Args:
        name: ``rapidocr``, ``easyocr``, ``tesseract``, or the name of a registered class.
        options: The engine's arguments as ``key=value``: Python literals, or bare words for strings, as in
            ``languages=swe,eng``.
        flag: The name of the command-line option, for messages.

    Raises:
        UserError: An option is not of that form.
    """
    config: dict[str, Any] = {"type": _SHORT_NAMES.get(name, name)}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not key.isidentifier():
            raise UserError(f"{flag}: '{option}' is not of the form key=value")
        try:
            config[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            config[key] = value.split(",") if "," in value else value
    return config


def build_engine(config: Mapping[str, Any], imports: Sequence[str] = ()) -> BaseOCREngine:
    """Build the engine that ``config`` names.

    Args:
        config: ``dict(type='RapidOCREngine', ...)``: the registered name and the arguments.
        imports: Modules to import first, which register engines from outside kdxf.

    Raises:
        UserError: A module cannot be imported, no such engine is registered, or it does not take these arguments.
    """
    for module in imports:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise UserError(f"cannot import {error.name}: install it, or put its folder on PYTHONPATH") from error
    arguments = dict(config)
    name = arguments.pop("type")
    engine = OCR_ENGINES.module_dict.get(name)  # Registry.get() would load torch for its logger
    if engine is None:
        known = ", ".join(sorted(OCR_ENGINES.module_dict))
        raise UserError(f"no OCR engine '{name}' is registered (known: {known}); import the module that registers it")
    try:
        return engine(**arguments)
    except UserError:
        raise
    except (TypeError, ValueError) as error:
        raise UserError(f"{name} cannot be built: {error}; check the engine's options") from error
