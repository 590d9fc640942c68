"""What surrounds RapidOCR's networks, in less time: the same lines, bit by bit."""

from typing import Any

import numpy as np
from onnxruntime import RunOptions
from rapidocr.ch_ppocr_det.utils import DetPreProcess

KEPT_PIXELS = 1 << 20
"""Memory is kept between pictures of up to so many pixels, of three channels."""


class PreProcess(DetPreProcess):
    """Prepares a picture for the detector: RapidOCR's own numbers, each computed once instead of once per pixel.

    Args:
        other: What RapidOCR made.
    """

    def __init__(self, other: DetPreProcess) -> None:
        self.__dict__.update(other.__dict__)
        every_value = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
        self._table = super().normalize(every_value)[:, 0].T.astype(np.float32)

    def __call__(self, img: np.ndarray) -> np.ndarray | None:
        """Scale a picture, uint8 (H, W, 3), to whole strides and return it as float32 (1, 3, H', W')."""
        scaled = self.resize(img)
        if scaled is None:
            return None
        return np.stack([values.take(scaled[..., channel]) for channel, values in enumerate(self._table)])[None]


class KeptMemory:
    """A network of ONNX Runtime that keeps the memory of one picture for the next.

    Without that the kernel clears the memory of every layer anew, a tenth of the detector's time. A large picture
    gives its memory back, which would be a gigabyte at 2000 px.

    Args:
        session: RapidOCR's session, with ``enable_cpu_mem_arena``.

    Attributes:
        session: The session of ONNX Runtime, as RapidOCR calls it.
    """

    def __init__(self, session: Any) -> None:
        self.session = session.session
        self._inputs, self._outputs = session.get_input_names(), session.get_output_names()
        self._giving_back = RunOptions()
        self._giving_back.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Run the network on float32 (N, 3, H, W), and return its first output."""
        options = self._giving_back if values.size > 3 * KEPT_PIXELS else None
        return self.session.run(self._outputs, dict(zip(self._inputs, [values], strict=False)), options)[0]
