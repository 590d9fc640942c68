"""Features of a frozen text encoder, kept by :mod:`kdxf.datasets.kept_features`. Shapes: L tokens, C channels."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dataset import Compose

from kdxf.datasets.collate import pad_collate
from kdxf.datasets.kept_features import KeptFeatures, by_content, plain
from kdxf.datasets.transforms.loading import has_text
from kdxf.errors import UserError
from kdxf.registry import MODELS, TRANSFORMS
from kdxf.text.hugging_face import local_folder
from kdxf_runtime.ocr.record import OCRRecord


class TextFeatureStore(KeptFeatures):
    """The text features of one setting; a text counts by its lines, their scores and their places.

    Args:
        folder: The store.
        encoder: Config of the text encoder, such as ``TransformerTextEncoder``; its weights are never changed.
        text: Transforms that turn ``ocr`` into the encoder's input, such as ``TokenizeForTransformer``.

    Attributes:
        path: The folder of this setting.

    Raises:
        UserError: The encoder has no weights, or not of all its layers; or a part is damaged.
    """

    def __init__(self, folder: str | Path, encoder: Mapping[str, Any], text: Sequence[dict]) -> None:
        self._encoder, self._text = plain(encoder), plain(text)
        self._check_weights(folder)
        self._pipeline: Compose | None = None
        self._model: Any = None
        super().__init__(folder, {"encoder": by_content(self._encoder), "text": by_content(self._text)})

    def __contains__(self, record: object) -> bool:
        return isinstance(record, OCRRecord) and _key(record) in self._places

    def feature(self, record: OCRRecord) -> np.ndarray:
        """Return the feature of a text (C,), float32, zeros where it has no token.

        That of a text which the store lacks is computed now, and not kept.
        """
        if not record.texts:
            return self.blank
        found = self._find(_key(record))
        return self._encode(record) if found is None else found

    def compute(self, records: Iterable[OCRRecord], progress: bool = True) -> int:
        """Compute what the store lacks.

        Args:
            records: Texts. Those without a line need no feature.
            progress: Show the progress.

        Returns:
            The number of texts computed.
        """
        missing = {key: record for record in records if record.texts and not self._views_of(key := _key(record))}
        return self._fill(list(missing), (self._encode(record)[None] for record in missing.values()), "texts", progress)

    @property
    def encoder(self) -> Any:
        """The text encoder, built when it is first asked for."""
        if self._model is None:
            self._model = MODELS.build(dict(self._encoder))
            self._model.init_weights()
            self._model.eval()
        return self._model

    def text_steps(self) -> list[dict[str, Any]]:
        """Return the configs of the transforms in front of the encoder."""
        return self._text

    def _check_weights(self, folder: str | Path) -> None:
        if (self._encoder.get("init_cfg") or {}).get("checkpoint"):
            return
        if not self._encoder.get("pretrained"):
            raise UserError(
                f"feature store {folder}: the frozen text encoder has no weights; name some, such as "
                "pretrained='data/pretrained/chinese-roberta-wwm-ext'"
            )
        local_folder(self._encoder["pretrained"], "LoadTextFeature: encoder.pretrained")
        if self._encoder.get("out_channels") is not None:
            raise UserError(
                f"feature store {folder}: out_channels adds a layer to the frozen text encoder that has no weights; "
                "leave it out"
            )

    def _encode_blank(self) -> np.ndarray:
        return np.zeros(self.encoder.out_channels, np.float32)

    @torch.inference_mode()
    def _encode(self, record: OCRRecord) -> np.ndarray:
        """Encode a text as (C,), float32."""
        if self._pipeline is None:
            self._pipeline = Compose([TRANSFORMS.build(dict(step)) for step in self._text])
        model = self.encoder
        results: Any = self._pipeline({"ocr": record})
        if not has_text(results):
            return self.blank
        inputs = {key: torch.from_numpy(results[key]) for key in model.input_keys}
        batch = pad_collate([{"inputs": inputs}])["inputs"]  # without padding
        return model(*(batch[key] for key in model.input_keys))[0].float().numpy()


def _key(record: OCRRecord) -> str:
    """Return the SHA-256 of what a pipeline may see of a text."""
    digest = hashlib.sha256(json.dumps([record.texts, record.width, record.height]).encode())
    digest.update(record.scores.tobytes())
    digest.update(record.boxes.tobytes())
    return digest.hexdigest()
