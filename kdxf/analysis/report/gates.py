"""The gates of a model on images: which experts and which modality it listens to. n images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.inputs import InputTexts
from kdxf.models.fusion import GatedFusion
from kdxf.models.heads import MoEClsHead
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.table_columns import Row


@dataclass(frozen=True, eq=False)
class Gates:
    """The gates of one part of a model.

    Attributes:
        part: Its name in the model, such as ``head``.
        names: What the G gates let through: ``expert 1``, ..., ``none`` for the dummy expert; or ``image``, ``text``,
            ``table``.
        values: float32 (n, G), each row sums to 1: the mean over the classes, where there are gates for each, or over
            the channels of a fusion.
    """

    part: str
    names: tuple[str, ...]
    values: np.ndarray


def gated_parts(model: nn.Module) -> dict[str, nn.Module]:
    """Return the parts of a model that have gates, by name; of an ensemble those of all members."""
    return {name: part for name, part in model.named_modules() if isinstance(part, MoEClsHead | GatedFusion)}


def collect_gates(
    inferencer: KDXFInferencer,
    files: Sequence[str],
    records: Sequence[OCRRecord] | None,
    batch_size: int = 32,
    columns: Sequence[Row | None] | None = None,
) -> list[Gates]:
    """Run a model on images and keep what its gates say.

    Args:
        inferencer: The model.
        files: n image files.
        records: Their texts; None for a model that takes none.
        batch_size: Images in a batch.
        columns: The cells of their rows of a table; None for a model that takes none.

    Returns:
        One for each part with gates; none for a model without gates, which is not run.
    """
    parts = gated_parts(inferencer.model)
    kept: dict[str, list[np.ndarray]] = {name: [] for name in parts}
    if not parts:
        return []

    def keep(name: str) -> Any:
        def hook(part: Any, inputs: tuple[Any, ...], output: Any) -> None:
            gates: Tensor = part.gates(*inputs)
            values = gates if gates.dim() == 2 else gates.mean(dim=2)
            kept[name].append(values.float().cpu().numpy())

        return hook

    rows = columns or [None] * len(files)
    images = [InputImage(file, file, file, row) for file, row in zip(files, rows, strict=True)]
    texts = None if records is None else InputTexts(images, records.__getitem__)
    handles = [part.register_forward_hook(keep(name)) for name, part in parts.items()]
    try:
        for _ in inferencer.predict(images, texts, batch_size=batch_size):
            pass
    finally:
        for handle in handles:
            handle.remove()
    found = {name: np.concatenate(values) for name, values in kept.items() if values}
    return [Gates(name, _names(parts[name], values), values) for name, values in found.items()]


def _names(part: nn.Module, values: np.ndarray) -> tuple[str, ...]:
    if isinstance(part, GatedFusion):
        return part.modalities
    return (*(f"expert {number}" for number in range(1, values.shape[1])), "none")
