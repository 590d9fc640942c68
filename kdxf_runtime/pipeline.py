"""The steps of a bundle's pipeline, made from their configs, and the inputs of the graph from their results."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kdxf_runtime.bundle import WRONG_VALUES, Bundle, in_one_line
from kdxf_runtime.errors import UserError
from kdxf_runtime.steps.images import (
    CenterCrop,
    CenterCropKeepText,
    FlipUnlessText,
    Letterbox,
    LoadImage,
    Resize,
    ResizeEdge,
)
from kdxf_runtime.steps.ngrams import HashNgrams
from kdxf_runtime.steps.step import Step
from kdxf_runtime.steps.table import EncodeTable
from kdxf_runtime.steps.text import LookUpWordVectors, TokenizeOCR
from kdxf_runtime.steps.tfidf import EncodeTfidf
from kdxf_runtime.steps.transformer_tokens import TokenizeForTransformer
from kdxf_runtime.tokenizers.base import BaseTokenizer
from kdxf_runtime.tokenizers.word_tokenizer import WordTokenizer

FILES = {
    "LookUpWordVectors": "vectors",
    "EncodeTable": "file",
    "EncodeTfidf": "folder",
    "TokenizeForTransformer": "tokenizer",
}
"""The option of a step that names a file or a folder of the bundle."""

_STEPS: dict[str, Callable[..., Step]] = {
    kind.__name__: kind
    for kind in (
        LoadImage,
        Resize,
        ResizeEdge,
        CenterCrop,
        CenterCropKeepText,
        FlipUnlessText,
        Letterbox,
        TokenizeOCR,
        LookUpWordVectors,
        EncodeTable,
        EncodeTfidf,
        HashNgrams,
        TokenizeForTransformer,
    )
}

KNOWN_STEPS = frozenset(_STEPS)
"""The steps that a bundle may have."""

KNOWN_TOKENIZERS = frozenset({"JiebaTokenizer", "WordTokenizer"})
"""The tokenizers that a bundle may have."""

_EDGES = frozenset({"scale", "crop_size", "blank_size"})
_LARGEST_EDGE, _LARGEST_NUMBER = 8192, 1 << 24  # pixels; tokens, n-grams, buckets
_ANEW = "export the bundle anew"


def make_steps(configs: Sequence[Mapping[str, Any]], bundle: Bundle) -> list[Step]:
    """Build the steps of a pipeline.

    Raises:
        UserError: A step is not known, does not take its options, or its files cannot be used.
    """
    return [_make_step(dict(config), bundle) for config in configs]


def _make_step(options: dict[str, Any], bundle: Bundle) -> Step:
    name = options.pop("type")
    if name not in _STEPS:
        raise UserError(f"{bundle.folder}: has the step {name!r}, which is not known; update kdxf-runtime")
    _check_numbers(name, options, bundle)
    needed = "tokenizer" if name == "TokenizeOCR" else FILES.get(name)
    if needed is not None and needed not in options:
        raise UserError(f"{bundle.folder}: the step {name} cannot be built (it names no {needed}); {_ANEW}")
    if name == "TokenizeOCR":
        options["tokenizer"] = _make_tokenizer(options["tokenizer"], bundle)
    elif needed is not None:
        options[needed] = str(bundle.path(options[needed]))
    try:
        return _STEPS[name](
            **{key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
        )
    except UserError:
        raise
    except WRONG_VALUES as error:
        raise UserError(f"{bundle.folder}: the step {name} cannot be built ({in_one_line(error)}); {_ANEW}") from error


def _check_numbers(name: str, options: Mapping[str, Any], bundle: Bundle) -> None:
    """Refuse numbers that would take all memory."""
    for key, value in options.items():
        most = _LARGEST_EDGE if key in _EDGES else _LARGEST_NUMBER
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, int | float) and not abs(number) <= most:
                raise UserError(f"{bundle.folder}: the step {name} has {key} = {number}, and at most {most} is taken")


def _make_tokenizer(config: Any, bundle: Bundle) -> BaseTokenizer:
    if not isinstance(config, dict):
        raise UserError(f"{bundle.folder}: has the tokenizer {config!r}, which is none; {_ANEW}")
    options = dict(config)
    name = options.pop("type", None)
    if options.get("user_dict") is not None:
        options["user_dict"] = str(bundle.path(options["user_dict"]))
    try:
        if name == "WordTokenizer":
            return WordTokenizer(**options)
        if name == "JiebaTokenizer":
            from kdxf_runtime.tokenizers.jieba_tokenizer import JiebaTokenizer  # its dictionary takes 40 MB

            return JiebaTokenizer(**options)
    except ModuleNotFoundError as error:
        raise UserError(f"{bundle.folder}: cuts Chinese words with {error.name}: pip install {error.name}") from error
    except WRONG_VALUES as error:
        raise UserError(f"{bundle.folder}: {name} cannot be built ({in_one_line(error)}); {_ANEW}") from error
    raise UserError(f"{bundle.folder}: has the tokenizer {name!r}, which is not known; update kdxf-runtime")


class Pipeline:
    """What prepares a picture in one or several views, of which the common first steps are done once.

    Args:
        views: The steps' configs of each view.
        bundle: The bundle, with their files.

    Attributes:
        needs_text: Whether a step takes the text of the picture.
        loader: The step that loads the picture, of several views that of the first; None of a model that takes none.
    """

    def __init__(self, views: Sequence[Sequence[Mapping[str, Any]]], bundle: Bundle) -> None:
        common = 0
        while all(len(view) > common and view[common] == views[0][common] for view in views):
            common += 1
        self._first = make_steps(views[0][:common], bundle)
        self._rest = [make_steps(view[common:], bundle) for view in views]
        steps = [step for part in (self._first, *self._rest) for step in part]
        self.needs_text = any(step.needs_ocr for step in steps)
        self.loader = next((step for step in steps if isinstance(step, LoadImage)), None)

    def __call__(self, results: dict[str, Any]) -> list[dict[str, Any]]:
        """Run the steps, and return the results of each view."""
        for step in self._first:
            results = step(results)
        views = []
        for steps in self._rest:
            view = dict(results)
            for step in steps:
                view = step(view)
            views.append(view)
        return views
