"""A pretrained pair that encodes pictures and sentences into one space. Shapes: n items, C channels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.registry import DefaultScope

import kdxf.datasets  # noqa: F401  (registers)
from kdxf.datasets.feature_store import FeatureStore
from kdxf.models import ClipTextEncoder
from kdxf.models.clip_pairs import read_pair, read_scale
from kdxf.text.hugging_face import local_folder, open_tokenizer
from kdxf.zero_shot.pictures import picture_steps
from kdxf_runtime.io.images import ImageReadError

_BATCH = 64  # sentences


class Pair:
    """A pair from a local folder; features of pictures are kept in a store, so that each is encoded once.

    Args:
        folder: The folder (:mod:`kdxf.models.clip_pairs`).
        features: The store (:class:`kdxf.datasets.feature_store.FeatureStore`).
        option: The option that named the folder, for messages.

    Attributes:
        scale: What cosines are multiplied with before the softmax.

    Raises:
        UserError: The folder is missing or incomplete, or no pair.
    """

    def __init__(self, folder: str | Path, features: str | Path, option: str = "--model") -> None:
        self.folder, self._option = local_folder(folder, option), option
        read_pair(self.folder, option)
        self.scale = read_scale(self.folder, option)
        weights = {"type": "Pretrained", "checkpoint": str(self.folder)}
        backbone = {"type": "ClipImageEncoder", "init_cfg": weights}
        self._store = FeatureStore(features, backbone, picture_steps(self.folder, option))

    def encode_images(self, files: Sequence[str], workers: int = 0) -> tuple[np.ndarray, dict[int, str]]:
        """Encode pictures.

        Args:
            files: n files.
            workers: Processes that load pictures.

        Returns:
            float32 (n, C), rows of length 1, that of a blank picture for one that cannot be read; and why, by index.
        """
        rows: list[np.ndarray] = []
        errors: dict[int, str] = {}
        with DefaultScope.overwrite_default_scope("kdxf"):
            self._store.compute(files, workers=workers)
            for index, file in enumerate(files):
                try:
                    rows.append(self._store.feature(file))
                except ImageReadError as error:
                    rows.append(self._store.blank)
                    errors[index] = str(error)
        return of_length_one(np.stack(rows)), errors

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Encode sentences as float32 (n, C), rows of length 1; what is longer than the model's positions is cut."""
        tokenizer: Any = open_tokenizer(self.folder, self._option)
        encoder = ClipTextEncoder(str(self.folder))
        encoder.load_pretrained(str(self.folder))
        encoder.eval()
        longest = encoder.max_positions or tokenizer.model_max_length
        rows = []
        for start in range(0, len(texts), _BATCH):
            ids = tokenizer(list(texts[start : start + _BATCH]), truncation=True, max_length=longest)["input_ids"]
            length = max(map(len, ids))
            padding = tokenizer.pad_token_id or 0
            tokens = torch.tensor([[*row, *[padding] * (length - len(row))] for row in ids])
            mask = torch.tensor([[1.0] * len(row) + [0.0] * (length - len(row)) for row in ids])
            rows.append(encoder(tokens, mask).numpy())
        return of_length_one(np.concatenate(rows))


def of_length_one(rows: np.ndarray) -> np.ndarray:
    """Return vectors (n, C) scaled to length 1, float32."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(min=1e-12)).astype(np.float32)
