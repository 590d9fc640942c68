"""A trained model as one plain module: named tensors in, scores and feature out.

What a graph holds, and what the runner does in front of it:

======================================= ==============================================================================
in the graph                            in the runner, as the test pipeline says
======================================= ==============================================================================
channel order, mean, std, padding       decoding, resizing, cropping
frozen encoders of stored features      OCR, the numbers of a table
backbone, neck, encoders, fusion        tokens, look-up of word vectors, hashing of n-grams, TF-IDF
head with softmax or sigmoid, ensembles views of test-time augmentation and their mean, labels, thresholds, calibration
======================================= ==============================================================================

Shapes: N batch, C channels of the head's input, K classes.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.model import BaseTTAModel
from mmpretrain.models.heads import ClsHead, MultiLabelClsHead
from torch import Tensor, nn

from kdxf.datasets.collate import DOCUMENTS
from kdxf.engine.config import building
from kdxf.errors import UserError
from kdxf.export.frozen import FrozenTextEncoder, without_stores
from kdxf.inference.pipeline import pipeline_config
from kdxf.models.backbones import HuggingFaceBackbone, StoredFeatures
from kdxf.models.classifiers import EnsembleClassifier
from kdxf.models.heads import HierarchicalClsHead, MultiLabelMoEClsHead
from kdxf.models.heads.predicted_classes import is_multi_label
from kdxf.models.text_encoders import NgramEncoder, StoredTextFeatures, TransformerTextEncoder
from kdxf.registry import TRANSFORMS
from kdxf_runtime.ocr.record import OCRRecord

OUTPUTS = ("scores", "feature")
_TEXT_LENGTHS = {key for mask, others in DOCUMENTS.items() for key in (mask, *others)}
_PICTURES = ((640, 480), (420, 660))  # of different shapes, to see whether the pipeline gives one size


@dataclass(frozen=True)
class GraphInput:
    """An input of the graph.

    Attributes:
        name: Its key in what ``PackImageTextInputs`` gives; ``img`` is BGR with the channels first.
        dtype: Name of its numpy type.
        shape: Its shape; None is the number of samples, or of words, tokens or n-grams, which may differ from batch to
            batch.
        length: Words, tokens or n-grams of the longest document that the pipeline gives; None for other inputs.
        ids: Token ids are below this; None for inputs that are no ids.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    length: int | None = None
    ids: int | None = None


class PortableModel(nn.Module):
    """Answer as a model's ``predict`` does, from tensors as the pipeline packs them.

    Args:
        classifier: ``ImageTextClassifier``, ``EnsembleClassifier`` or MMPretrain's ``ImageClassifier``.
        image: The frozen backbone of stored image features.
        text: The frozen encoder of stored text features.
        mapping: Whether the classifier takes a mapping of inputs, and not the image alone.
    """

    def __init__(
        self, classifier: nn.Module, image: nn.Module | None, text: FrozenTextEncoder | None, mapping: bool
    ) -> None:
        super().__init__()
        self.classifier: Any = classifier
        self.frozen_image = image
        self.frozen_text = text
        self.mapping = mapping

    def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the scores (N, K) and the feature that the head takes (N, C), both float32.

        Args:
            inputs: The tensors that :attr:`Portable.inputs` describes.
        """
        inputs = dict(inputs)
        if self.frozen_image is not None:
            inputs["img"] = self.frozen_image(inputs["img"])[:, :, None, None]
        if self.frozen_text is not None:
            inputs |= self.frozen_text(inputs)
        data = self.classifier.data_preprocessor({"inputs": inputs if self.mapping else inputs["img"]})
        return _answer(self.classifier, data["inputs"])


@dataclass(frozen=True)
class Portable:
    """A model that can be exported.

    Attributes:
        model: It takes a dict of tensors and returns what :data:`OUTPUTS` names.
        inputs: Its inputs, in order.
        pipeline: Configs of the transforms that prepare them.
    """

    model: PortableModel
    inputs: tuple[GraphInput, ...]
    pipeline: list[dict[str, Any]]


def make_portable(model: nn.Module, cfg: Config) -> Portable:
    """Turn a trained model into one that can be exported.

    Args:
        model: As of :func:`kdxf.inference.model.load_model`; of one that averages views the model inside.
        cfg: Its config, with the test pipeline.

    Returns:
        The model without test-time augmentation, in evaluation mode on the CPU.

    Raises:
        UserError: A part cannot be exported; the message says which one, and why.
    """
    classifier: Any = model.module if isinstance(model, BaseTTAModel) else model
    for name, part in _classifiers(classifier).items():
        _check_head(getattr(part, "head", None), f"{name}head")
    for part in list(classifier.modules()):
        if isinstance(part, HuggingFaceBackbone | TransformerTextEncoder):
            part.merge_lora()
    with building(cfg):
        unstored = without_stores(pipeline_config(cfg, tta=False))
        packed = _try_out(unstored.pipeline)
    for kind, step, encoder in (
        (StoredFeatures, "LoadFeature", unstored.image),
        (StoredTextFeatures, "LoadTextFeature", unstored.text),
    ):
        if any(isinstance(part, kind) for part in classifier.modules()) and encoder is None:
            raise UserError(
                f"{kind.__name__} cannot be exported: the test pipeline has no {step}, which names the frozen encoder "
                "that belongs into the graph"
            )
    mapping = all(isinstance(inputs, Mapping) for inputs in packed)
    whole = PortableModel(classifier, unstored.image, unstored.text, mapping).cpu().eval()
    samples = [inputs if isinstance(inputs, Mapping) else {"img": inputs} for inputs in packed]
    return Portable(whole, tuple(_describe(key, samples, whole) for key in _input_keys(whole)), unstored.pipeline)


def check_size(pipeline: list[dict[str, Any]], inputs: Sequence[GraphInput]) -> None:
    """Check that another pipeline, such as a view of test-time augmentation, gives pictures of the graph's size.

    Raises:
        UserError: It does not.
    """
    wanted = next((item.shape[1:] for item in inputs if item.name == "img"), None)
    for packed in _try_out(pipeline) if wanted is not None else ():
        found = tuple((packed["img"] if isinstance(packed, Mapping) else packed).shape)
        if found != wanted:
            raise UserError(f"a view has pictures of the size {found}, and the graph takes {wanted}")


def _classifiers(classifier: Any) -> dict[str, Any]:
    """Return the single classifiers of a model with the beginning of their parts' names."""
    if isinstance(classifier, EnsembleClassifier):
        return {f"members.{index}.": member for index, member in enumerate(classifier.members)}
    return {"": classifier}


def _answer(classifier: Any, inputs: Any) -> tuple[Tensor, Tensor]:
    if isinstance(classifier, EnsembleClassifier):
        scores, features = zip(*(_answer(member, inputs) for member in classifier.members), strict=True)
        weighted = [weight * score for weight, score in zip(classifier.weights, scores, strict=True)]
        return torch.stack(weighted).sum(dim=0), torch.cat(features, dim=1)
    feats = classifier.extract_feat(inputs)
    logits = classifier.head(feats)
    scores = logits.sigmoid() if is_multi_label(classifier.head) else logits.softmax(dim=1)
    return scores.float(), feats[-1].flatten(1).float()


def _check_head(head: Any, name: str) -> None:
    """Check that a head's scores are the softmax or the sigmoid of what its ``forward`` returns.

    Raises:
        UserError: They are not, or there is no head.
    """
    if isinstance(head, HierarchicalClsHead):  # checks its own heads
        return
    kind = type(head)
    known = ((ClsHead, ClsHead), (MultiLabelClsHead, MultiLabelClsHead), (MultiLabelMoEClsHead, ClsHead))
    if not any(
        isinstance(head, base) and kind.predict is predicting.predict and kind._get_predictions is base._get_predictions
        for base, predicting in known
    ):
        raise UserError(
            f"{name} ({kind.__name__}) cannot be exported: its scores are not the softmax or sigmoid of its logits; "
            "take a head that is, such as LinearClsHead or MoEClsHead"
            if head is not None
            else f"{name} is None, so there are no scores to export; set model.head=dict(type='MoEClsHead', ...)"
        )


def _input_keys(model: PortableModel) -> list[str]:
    """Return the names of the inputs that a model takes: the image, then those of its text and table encoders."""
    keys: dict[str, None] = {}
    for classifier in _classifiers(model.classifier).values():
        if getattr(classifier, "image_backbone", None) is not None or hasattr(classifier, "backbone"):
            keys["img"] = None
        if getattr(classifier, "text_encoder", None) is not None:
            keys |= dict.fromkeys(classifier.text_encoder.input_keys)
        if getattr(classifier, "table_encoder", None) is not None:
            keys |= dict.fromkeys(classifier.table_encoder.input_keys)
    if model.frozen_text is not None:
        own = [key for key in keys if not key.startswith("text_feature")]
        if both := [key for key in model.frozen_text.input_keys if key in own]:
            raise UserError(
                f"LoadTextFeature cannot be exported: its encoder and the model's own both take {both[0]}, prepared "
                "differently"
            )
        keys = dict.fromkeys((*own, *model.frozen_text.input_keys))
    return list(keys)


def _try_out(pipeline: list[dict[str, Any]]) -> list[Any]:
    """Return what a pipeline packs of two grey pictures of different shapes with a word each."""
    transforms: Any = Compose([TRANSFORMS.build(dict(step)) for step in pipeline])
    packed = []
    with tempfile.TemporaryDirectory() as folder:
        for index, (width, height) in enumerate(_PICTURES):
            path = Path(folder, f"{index}.png")
            cv2.imwrite(str(path), np.full((height, width, 3), 127, np.uint8))
            box = np.array([[[0, 0], [40, 0], [40, 20], [0, 20]]], np.float32)
            record = OCRRecord(path.name, ["a"], np.ones(1, np.float32), box, width, height, "", None)
            results = {"img_path": str(path), "sample_idx": index, "ocr": record, "columns": {}}
            packed.append(transforms(results)["inputs"])
    return packed


def _describe(key: str, samples: list[Any], model: nn.Module) -> GraphInput:
    if missing := [sample for sample in samples if key not in sample]:
        raise UserError(
            f"the model takes {key}, but its test pipeline gives {', '.join(missing[0])} only; it cannot be exported"
        )
    first, second = (sample[key] for sample in samples)
    if first.shape != second.shape:
        raise UserError(
            f"the test pipeline gives {key} of different sizes ({tuple(first.shape)} and {tuple(second.shape)}), which "
            "cannot be exported: end it with a crop or resize to one size, such as CenterCrop or Letterbox"
        )
    dtype = str(first.dtype).removeprefix("torch.")
    if key in _TEXT_LENGTHS:
        return GraphInput(key, dtype, (None, None, *first.shape[1:]), len(first), _ids(key, model))
    return GraphInput(key, dtype, (None, *first.shape))


def _ids(key: str, model: nn.Module) -> int | None:
    """Return the number of tokens that every encoder of token ids knows."""
    counts = [
        part.embedding.num_embeddings
        if isinstance(part, NgramEncoder)
        else part.model.get_input_embeddings().num_embeddings
        for part in model.modules()
        if isinstance(part, NgramEncoder | TransformerTextEncoder) and part.input_keys[0] == key
    ]
    return min(counts, default=None)
