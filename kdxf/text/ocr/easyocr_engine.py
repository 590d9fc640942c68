"""EasyOCR as an engine: its models lie in a local folder."""

import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kdxf.errors import UserError
from kdxf.text.ocr.base import BaseOCREngine, OCRLine
from kdxf.text.registry import OCR_ENGINES

if TYPE_CHECKING:
    from easyocr import Reader


@OCR_ENGINES.register_module()
class EasyOCREngine(BaseOCREngine):
    """EasyOCR (CRAFT detector, CRNN recognizer; runs on torch).

    Args:
        languages: Language codes of EasyOCR; one model must serve them all.
        model_dir: Folder of the model files; by default EasyOCR's own (``~/.EasyOCR/model``, or below the
            environment variable ``EASYOCR_MODULE_PATH``).
        download: Fetches models that are missing from EasyOCR's release page. Off by default, so that a job on a
            machine without network says at once which files it lacks.
        gpu: Uses the GPU.
        num_threads: Threads of torch in this process.

    Raises:
        UserError: A language is unknown, or model files are missing or broken.
    """

    def __init__(
        self,
        languages: Sequence[str] = ("ch_sim", "en"),
        model_dir: str | Path | None = None,
        download: bool = False,
        gpu: bool = False,
        num_threads: int = 1,
    ) -> None:
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
        self.name = f"easyocr {version('easyocr')} {'+'.join(languages)}"

    def read(self, image: np.ndarray) -> list[OCRLine]:
        """See :class:`BaseOCREngine`."""
        # The two halves want different colours: the detector RGB, the recognizer grey.
        horizontal, free = self._reader.detect(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        found = self._reader.recognize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), horizontal[0], free[0])
        return [OCRLine(text, float(score), np.array(box, np.float32)) for box, text, score in found if text.strip()]


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
    except (OSError, AssertionError) as error:  # missing or out of reach; EasyOCR asserts checksums
        download = options["download_enabled"]
        advice = "; ".join(_missing(languages, {**options, "download_enabled": False})) or str(error)
        raise UserError(
            f"EasyOCR: model files {'cannot be fetched' if download else 'are missing'}: {advice}"
            + ("" if download else "; or let EasyOCR fetch them with the engine option download=True")
        ) from error


def _missing(languages: list[str], options: dict[str, Any]) -> list[str]:
    """Says for the detector and for the recognizer which file is wanted and from where."""
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
