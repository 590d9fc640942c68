"""The default OCR engine: RapidOCR (PP-OCR models through ONNX Runtime), offline from the first run."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kdxf.errors import UserError
from kdxf.text.ocr.base import BaseOCREngine, OCRLine
from kdxf.text.registry import OCR_ENGINES

if TYPE_CHECKING:
    from rapidocr import RapidOCR


@OCR_ENGINES.register_module()
class RapidOCREngine(BaseOCREngine):
    """RapidOCR with the models that lie in its package: Chinese, English and the Latin scripts (å, ö, é, ...).

    Images are scaled before reading: small photographs carry text that the detector only sees when enlarged (on
    20 photographs of 348 px, 736 px read a quarter more characters than 480 px, and 1024 px read fewer again).

    Args:
        min_side: Smaller images are enlarged until their shorter side has this many pixels.
        max_side: The longer side never exceeds this many pixels; it wins over ``min_side``.
        min_score: Lines below this recognition score are dropped. The default keeps all.
        num_threads: Threads per engine. One is fastest with one worker process per core.
        params: RapidOCR's own settings by their dotted names, such as ``{'Det.box_thresh': 0.4}``,
            ``{'Rec.model_path': 'my.onnx'}`` or ``{'Rec.lang_type': 'korean', 'Rec.ocr_version': 'PP-OCRv5',
            'Rec.model_type': 'mobile'}``. Models that are not in the package are downloaded by RapidOCR.

    Raises:
        UserError: RapidOCR does not start with these settings, or cannot fetch a model.
    """

    def __init__(
        self,
        min_side: int = 736,
        max_side: int = 2000,
        min_score: float = 0.0,
        num_threads: int = 1,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        if not 0 < min_side <= max_side:
            raise ValueError(f"min_side ({min_side}) must be positive and at most max_side ({max_side})")
        if num_threads < 1:
            raise ValueError(f"num_threads must be at least 1, not {num_threads}")
        self.min_side = min_side
        self.max_side = max_side
        settings = {
            "Global.log_level": "error",
            "Global.text_score": min_score,
            "Global.max_side_len": max_side,
            # The image comes scaled already; the detector only rounds it to a multiple of 32.
            "Det.limit_type": "max",
            "Det.limit_side_len": max_side,
            # Short words are not padded to 320 px: the same lines, a seventh faster.
            "Rec.rec_img_shape": [3, 48, 160],
            "EngineConfig.onnxruntime.intra_op_num_threads": num_threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            **(params or {}),
        }
        self._reader = _start(settings)
        self.name = self._describe(params or {})

    def read(self, image: np.ndarray) -> list[OCRLine]:
        """See :class:`BaseOCREngine`."""
        short, long = sorted(image.shape[:2])
        scale = min(max(1.0, self.min_side / short), self.max_side / long)
        if scale != 1.0:
            size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
        found = self._reader(image)
        if found.boxes is None or found.txts is None:
            return []
        return [
            OCRLine(text, float(score), (np.asarray(box) / scale).astype(np.float32))
            for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True)
        ]

    def _describe(self, params: Mapping[str, Any]) -> str:
        config = self._reader.cfg
        models = [f"{part.ocr_version.value}_{part.model_type.value}" for part in (config.Det, config.Rec)]
        settings = [f"{key}={value}" for key, value in sorted(params.items())]
        words = ["rapidocr", version("rapidocr"), "+".join(dict.fromkeys(models))]
        return " ".join([*words, f"side={self.min_side}-{self.max_side}", *settings])


def _start(settings: dict[str, Any]) -> "RapidOCR":
    """Builds the reader and reads one drawn word, so that a missing model shows now and not at the first image."""
    from rapidocr import RapidOCR
    from rapidocr.utils.typings import EngineType, ModelType, OCRVersion

    enums = {"engine_type": EngineType, "model_type": ModelType, "ocr_version": OCRVersion}
    word = np.full((160, 320, 3), 255, np.uint8)
    cv2.putText(word, "TEXT", (40, 110), cv2.FONT_HERSHEY_SIMPLEX, 3, (0, 0, 0), 6)
    try:
        for key, value in settings.items():
            if (kind := enums.get(key.rsplit(".", 1)[-1])) is not None:
                settings[key] = kind(value)
        reader = RapidOCR(params=settings)
        reader(word)
    except Exception as error:  # RapidOCR raises types of its own for settings, files and downloads
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"RapidOCR does not start: {type(error).__name__}: {reason}; check `params`, "
            "or leave them out to use the models in the package"
        ) from error
    return reader
