"""What inference says at its end: how many images, how fast, how much memory, what could not be read."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch

from kdxf.apis.prediction_csv import Prediction
from kdxf.file_names import in_utf8

_SHOWN = 10
_GIB = 2**30


@dataclass
class InferenceReport:
    """The outcome of :func:`kdxf.apis.inference.infer`; ``str()`` gives the report.

    Attributes:
        csv: The file written (of two, the CSV).
        images: Images predicted, one row each.
        device: Where the model ran.
        start_seconds: Time to load the model and list the images.
        ocr_seconds: Time that OCR took now.
        ocr_images: Images whose text was read now.
        predict_seconds: Time for loading images and for the model.
        errors: ``(image_id, reason)`` of each image that could not be read.
    """

    csv: Path
    images: int
    device: torch.device
    start_seconds: float
    ocr_seconds: float = 0.0
    ocr_images: int = 0
    predict_seconds: float = 0.0
    errors: list[tuple[str, str]] = field(default_factory=list)

    @contextmanager
    def timing(self, part: Literal["ocr", "predict"]) -> Iterator[None]:
        """Adds the time that the block takes to a part."""
        start = time.perf_counter()
        yield
        name = f"{part}_seconds"
        setattr(self, name, getattr(self, name) + time.perf_counter() - start)

    def count(self, prediction: Prediction) -> None:
        """Notes the error of a prediction, if it has one."""
        if prediction.error is not None:
            self.errors.append((prediction.image_id, prediction.error))

    @property
    def milliseconds(self) -> float:
        """Time per image, OCR included and the start left out."""
        return 1000 * (self.ocr_seconds + self.predict_seconds) / self.images

    @property
    def memory(self) -> int:
        """Peak memory of this process so far, in bytes; loader and OCR workers are not part of it."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB

    def over_budget(self, milliseconds: float | None, gigabytes: float | None) -> list[str]:
        """Says which limits were exceeded.

        Args:
            milliseconds: Limit for :attr:`milliseconds`.
            gigabytes: Limit for :attr:`memory`, in units of 2**30 bytes.
        """
        over = []
        if milliseconds is not None and self.milliseconds > milliseconds:
            over.append(f"over budget: {self.milliseconds:.1f} ms per image, {milliseconds:g} ms allowed")
        if gigabytes is not None and self.memory / _GIB > gigabytes:
            over.append(f"over budget: {self.memory / _GIB:.2f} GiB of memory, {gigabytes:g} GiB allowed")
        return over

    def __str__(self) -> str:
        seconds = self.ocr_seconds + self.predict_seconds
        ocr = f"OCR {1000 * self.ocr_seconds / self.images:.1f} ms ({self.ocr_images} images read now)"
        memory = f"peak memory: {self.memory / _GIB:.2f} GiB"
        if self.device.type == "cuda":
            memory += f", GPU {torch.cuda.max_memory_allocated(self.device) / _GIB:.2f} GiB"
        lines = [
            f"{self.csv}: {self.images} images, {len(self.errors)} with an error",
            f"{seconds:.1f} s after a start of {self.start_seconds:.1f} s: {self.images / seconds:.1f} images/s",
            f"per image: {self.milliseconds:.1f} ms, of which {ocr}, "
            f"loading and model {1000 * self.predict_seconds / self.images:.1f} ms",
            memory,
        ]
        lines += [f"error: {in_utf8(image_id)}: {reason}" for image_id, reason in self.errors[:_SHOWN]]
        if (rest := len(self.errors) - _SHOWN) > 0:
            lines.append(f"... and {rest} more: the rows whose column 'error' is not empty")
        return "\n".join(lines)
