"""EasyOCR as an engine, with its models in a local folder."""

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kdxf.errors import UserError
from kdxf.text.registry import OCR_ENGINES
from kdxf_runtime.ocr.base import BaseOCREngine
from kdxf_runtime.ocr.record import OCRLine

if TYPE_CHECKING:
    from easyocr import Reader


@OCR_ENGINES.register_module()
class EasyOCREngine(BaseOCREngine):
    """EasyOCR (CRAFT detector, CRNN recognizer; runs on torch).

    Args:
        languages: Language codes of EasyOCR; one model must serve them all.
        model_dir: Folder of the model files; by default EasyOCR's own (``~/.EasyOCR/model``, or below the
            environment variable ``EASYOCR_MODULE_PATH``).
        download: Whether to download missing models from EasyOCR's release page. Off by default, so that a job on a
            machine without network reports at once which files it lacks.
        gpu: Whether to use the GPU.
        num_threads: Threads of torch in this process.
        text_threshold: A region whose highest text probability is lower is not text.
        low_text: Pixels below this text probability do not belong to a region.
        link_threshold: Regions with a higher link probability between them are one word.
        max_side: Larger images are shrunk until their longer side has this many pixels, for the detector.
        detect_options: Other arguments of EasyOCR's ``Reader.detect``, such as ``{'mag_ratio': 2.0}``.
        recognize_options: Arguments of EasyOCR's ``Reader.recognize``, such as ``{'decoder': 'beamsearch'}``.
        reading: ``rotations``, ``max_aspect``, ``tile_overlap``, ``min_score``; see
            :class:`kdxf_runtime.ocr.base.Reading`.

    Raises:
        UserError: A language is unknown, or model files are missing or broken.
        ValueError: EasyOCR has no such option.
    """

    def __init__(
        self,
        languages: Sequence[str] = ("ch_sim", "en"),
        model_dir: str | Path | None = None,
        download: bool = False,
        gpu: bool = False,
        num_threads: int = 1,
        text_threshold: float = 0.7,
        low_text: float = 0.4,
        link_threshold: float = 0.4,
        max_side: int = 2560,
        detect_options: Mapping[str, Any] | None = None,
        recognize_options: Mapping[str, Any] | None = None,
        **reading: Any,
    ) -> None:
        super().__init__(**reading)
        import torch

        if num_threads < 1:
            raise ValueError(f"num_threads must be at least 1, not {num_threads}")
        torch.set_num_threads(num_threads)
        # EasyOCR asks for these at every line of text; neither concerns the user.
        warnings.filterwarnings("ignore", message="'pin_memory' argument is set")
        warnings.filterwarnings("ignore", message="torch.quantize_per_tensor")
        languages = [languages] if isinstance(languages, str) else list(languages)
        folder = _default_folder() if model_dir is None else str(model_dir)
        options = {"gpu": gpu, "model_storage_directory": folder, "download_enabled": download, "verbose": False}
        self._reader = _start(languages, options)
        self._detect = {
            "text_threshold": text_threshold,
            "low_text": low_text,
            "link_threshold": link_threshold,
            "canvas_size": max_side,
            **(detect_options or {}),
        }
        self._recognize = dict(recognize_options or {})
        settings = _settings(self._reader.detect, self._detect) + _settings(self._reader.recognize, self._recognize)
        self.name = " ".join(["easyocr", version("easyocr"), "+".join(languages), *settings, str(self.reading)])

    def find_lines(self, image: np.ndarray) -> list[OCRLine]:
        """Detect regions and recognize their text; lines of blanks are left out."""
        # The detector takes RGB, the recognizer greyscale.
        horizontal, free = self._reader.detect(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), **self._detect)
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        lines = self._reader.recognize(grey, horizontal[0], free[0], **self._recognize)
        return [OCRLine(text, float(score), np.array(box, np.float32)) for box, text, score in lines if text.strip()]


def _settings(function: Callable[..., Any], options: Mapping[str, Any]) -> list[str]:
    """Return the options that differ from EasyOCR's defaults, as ``name=value``.

    Raises:
        ValueError: EasyOCR's function has no such argument.
    """
    known = inspect.signature(function).parameters
    if unknown := sorted(set(options) - set(known)):
        raise ValueError(f"EasyOCR's {function.__name__}() has no option {', '.join(unknown)}")
    return [f"{name}={value}" for name, value in sorted(options.items()) if value != known[name].default]


def _default_folder() -> str:
    from easyocr.config import MODULE_PATH

    return str(Path(MODULE_PATH) / "model")


def _start(languages: list[str], options: dict[str, Any]) -> "Reader":
    try:
        return _load(languages, options)
    except UserError:
        raise
    except ValueError as error:
        reason = " ".join(map(str, error.args))
        raise UserError(f"EasyOCR: {reason}; check the engine option languages={languages}") from error


def _load(languages: list[str], options: dict[str, Any]) -> "Reader":
    from easyocr import Reader

    try:
        return Reader(languages, **options)
    except (OSError, AssertionError) as error:  # missing or unreachable; EasyOCR asserts checksums
        download = options["download_enabled"]
        advice = "; ".join(_missing(languages, {**options, "download_enabled": False})) or str(error)
        raise UserError(
            f"EasyOCR: model files {'cannot be fetched' if download else 'are missing'}: {advice}"
            + ("" if download else "; or let EasyOCR fetch them with the engine option download=True")
        ) from error


def _missing(languages: list[str], options: dict[str, Any]) -> list[str]:
    """Return, for the detector and the recognizer, which model file is missing and where to download it."""
    from easyocr import Reader
    from easyocr.config import detection_models, recognition_models

    known = [*detection_models.values(), *recognition_models["gen1"].values(), *recognition_models["gen2"].values()]
    urls = {model["filename"]: model["url"] for model in known}
    advice = []
    for half in ({"recognizer": False}, {"detector": False}):
        try:
            Reader(languages, **half, **options)
        except OSError as error:
            # "Missing <path> and downloads disabled", or "MD5 mismatch for <path> and ..."
            name = Path(str(error).removesuffix(" and downloads disabled")).name
            where = options["model_storage_directory"]
            advice.append(f"put {name} from {urls[name]} into {where}" if name in urls else str(error))
    return advice
