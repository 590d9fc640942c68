"""The default OCR engine: RapidOCR (PP-OCR models on ONNX Runtime), which needs no network."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kdxf_runtime.denormals import flush_denormals
from kdxf_runtime.errors import UserError
from kdxf_runtime.ocr.base import BaseOCREngine, SideLimits
from kdxf_runtime.ocr.record import OCRLine

# The newest first. The first is in RapidOCR's package and reads all its languages at once; of the others each model
# reads one language, or one family of scripts such as "cyrillic".
_TOGETHER = ("PP-OCRv6", "small")
_ALONE = (("PP-OCRv5", "mobile"), ("PP-OCRv4", "mobile"))


def recognizer(languages: Sequence[str]) -> dict[str, str]:
    """Find a recognizer for all the languages.

    Args:
        languages: RapidOCR's codes, such as ``["ch", "sv"]`` or ``["korean"]``.

    Returns:
        RapidOCR's settings that choose it, by their dotted names.

    Raises:
        UserError: No model reads them all.
    """
    from rapidocr import RapidOCR

    wanted = [languages] if isinstance(languages, str) else list(languages)
    together = RapidOCR.list_supported_langs("rec", *_TOGETHER)
    if wanted and set(wanted) <= set(together):
        return _settings(wanted[0], *_TOGETHER)
    known = [(version, size, RapidOCR.list_supported_langs("rec", version, size)) for version, size in _ALONE]
    for release, size, alone in known:
        if len(wanted) == 1 and wanted[0] in alone:
            return _settings(wanted[0], release, size)
    others = sorted({language for _, _, alone in known for language in alone} - set(together))
    raise UserError(
        f"RapidOCR: no model reads languages={wanted}; together it reads any of {', '.join(together)}; "
        f"alone one of {', '.join(others)}"
    )


def _settings(language: str, version: str, size: str) -> dict[str, str]:
    return {"Rec.lang_type": language, "Rec.ocr_version": version, "Rec.model_type": size}


if TYPE_CHECKING:
    from rapidocr import RapidOCR


class RapidOCREngine(BaseOCREngine):
    """RapidOCR with the models in its package: Chinese, English and the Latin scripts (å, ö, é, ...).

    Images are scaled before reading: small photographs carry text that the detector only sees when enlarged (on
    20 photographs of 348 px, 736 px read a quarter more characters than 480 px, and 1024 px read fewer again).

    Args:
        languages: What the recognizer must read, by RapidOCR's codes, such as ``['korean']``; by default what its
            package reads. Models that are not in the package are downloaded by RapidOCR.
        box_thresh: A region with less mean text probability is no line of text; by default RapidOCR's 0.5.
        unclip_ratio: How far the detector's boxes are widened around the text; by default RapidOCR's 1.6.
        min_side: Smaller images are enlarged until their shorter side has this many pixels.
        max_side: The longer side never exceeds this many pixels; it wins over ``min_side``.
        num_threads: Threads per engine. One is fastest with one worker process per core.
        params: RapidOCR's other settings by their dotted names, such as ``{'Det.thresh': 0.2}``,
            ``{'Rec.model_path': 'my.onnx'}`` or ``{'Global.use_cls': False}``. They win over the arguments above.
        reading: ``rotations``, ``max_aspect``, ``tile_overlap``, ``min_score``; see
            :class:`kdxf_runtime.ocr.base.Reading`.

    Raises:
        UserError: RapidOCR does not start with these settings, has no model for the languages, or cannot fetch it.
    """

    def __init__(
        self,
        languages: Sequence[str] | None = None,
        box_thresh: float | None = None,
        unclip_ratio: float | None = None,
        min_side: int = 736,
        max_side: int = 2000,
        num_threads: int = 1,
        params: Mapping[str, Any] | None = None,
        **reading: Any,
    ) -> None:
        super().__init__(**reading)
        if num_threads < 1:
            raise ValueError(f"num_threads must be at least 1, not {num_threads}")
        self._sides = SideLimits(min_side, max_side)
        chosen = _chosen(languages, {"Det.box_thresh": box_thresh, "Det.unclip_ratio": unclip_ratio}, params)
        settings = {
            "Global.log_level": "error",
            "Global.text_score": 0.0,
            "Global.max_side_len": max_side,
            # The image comes scaled already; the detector only rounds it to a multiple of 32.
            "Det.limit_type": "max",
            "Det.limit_side_len": max_side,
            # The classifier of upside-down lines would hide which of several rotations is the right one.
            "Global.use_cls": len(self.reading.rotations) == 1,
            # Short words are not padded to 320 px: the same lines, a seventh faster.
            "Rec.rec_img_shape": [3, 48, 160],
            "EngineConfig.onnxruntime.intra_op_num_threads": num_threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
            **chosen,
        }
        self._reader = _start(settings)
        self.name = self._describe(chosen)

    def find_lines(self, image: np.ndarray) -> list[OCRLine]:
        """Scale the image into the side limits, read it, and return the boxes in its original pixels."""
        image, scale = self._sides.scale(image)
        output = self._reader(image)
        if output.boxes is None or output.txts is None:
            return []
        return [
            OCRLine(text, float(score), (np.asarray(box) / scale).astype(np.float32))
            for text, score, box in zip(output.txts, output.scores, output.boxes, strict=True)
        ]

    def model_files(self) -> dict[str, Path]:
        """Return the files of its models, by the dotted names of RapidOCR's settings that name them."""
        parts = {"Det": self._reader.text_det, "Cls": self._reader.text_cls, "Rec": self._reader.text_rec}
        return {
            f"{name}.model_path": Path(part.session.session._model_path)
            for name, part in parts.items()
            if part is not None  # several rotations need no Cls
        }

    def _describe(self, chosen: Mapping[str, Any]) -> str:
        config = self._reader.cfg
        models = [f"{part.ocr_version.value}_{part.model_type.value}" for part in (config.Det, config.Rec)]
        settings = [f"{key}={value}" for key, value in sorted(chosen.items())]
        words = ["rapidocr", version("rapidocr"), "+".join(dict.fromkeys(models))]
        return " ".join([*words, str(self._sides), *settings, str(self.reading)])


def _chosen(
    languages: Sequence[str] | None, thresholds: Mapping[str, float | None], params: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return RapidOCR's settings that the user has changed, by their dotted names."""
    models = {} if languages is None else recognizer(languages)
    return {**models, **{key: value for key, value in thresholds.items() if value is not None}, **(params or {})}


def _start(settings: dict[str, Any]) -> "RapidOCR":
    """Build the reader and read one drawn word, so that a missing model fails now and not at the first image."""
    from rapidocr import RapidOCR
    from rapidocr.utils.typings import EngineType, ModelType, OCRVersion

    flush_denormals()  # the same lines in 40 % of the time
    enums = {"engine_type": EngineType, "model_type": ModelType, "ocr_version": OCRVersion}
    word = np.full((160, 320, 3), 255, np.uint8)
    cv2.putText(word, "TEXT", (40, 110), cv2.FONT_HERSHEY_SIMPLEX, 3, (0, 0, 0), 6)
    try:
        for key, value in settings.items():
            if (kind := enums.get(key.rsplit(".", 1)[-1])) is not None:
                settings[key] = kind(value)
        reader = RapidOCR(params=settings)
        reader(word)
    except Exception as error:  # RapidOCR has its own exceptions for settings, files and downloads
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"RapidOCR does not start: {type(error).__name__}: {reason}; check `params`, "
            "or leave them out to use the models in the package"
        ) from error
    _quicken(reader, keep_memory=settings["EngineConfig.onnxruntime.enable_cpu_mem_arena"])
    return reader


def _quicken(reader: "RapidOCR", *, keep_memory: bool) -> None:
    """Make what surrounds the networks faster; the lines stay the same."""
    from rapidocr.inference_engine.onnxruntime import OrtInferSession

    from kdxf_runtime.ocr.rapidocr_sessions import KeptMemory, PreProcess

    prepare = PreProcess(reader.text_det.get_preprocess())
    reader.text_det.get_preprocess = lambda: prepare
    for part in (reader.text_det, reader.text_cls, reader.text_rec):
        if keep_memory and part is not None and isinstance(part.session, OrtInferSession):
            part.session = KeptMemory(part.session)
