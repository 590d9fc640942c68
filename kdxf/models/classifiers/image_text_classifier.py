"""The model: encode, fuse, classify. Shapes: N batch, Ci image, Ct text and C joint channels, K classes."""

from collections.abc import Mapping
from typing import Any

import torch
from mmpretrain.models import BaseClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.models.classifiers.checks import check_targets, loss_weights, warn_of_other_normalization
from kdxf.models.layer_depth import layer_depth
from kdxf.registry import MODELS

Part = dict | nn.Module | None


@MODELS.register_module()
class ImageTextClassifier(BaseClassifier):
    """Classify by image, by text, or by both.

    ::

        img          (N, 3, H, W) -> image_backbone -> image_neck -> (N, Ci) -+
                                                                              fusion -> (N, C) -> head -> (N, K)
        text, weight (N, L, D), (N, L)      -> text_encoder       -> (N, Ct) -+

    Without ``text_encoder`` it is an image classifier, without ``image_backbone`` a text classifier; the head then sees
    the one feature there is. A fusion with ``takes_sequences``, such as ``CrossAttentionFusion``, gets the image map
    (N, Ci, H, W) and what ``text_encoder.encode_tokens`` gives in place of pooled features. Every part is a config or
    a ready module.

    Args:
        image_backbone: Any MMPretrain backbone, or timm's through ``TIMMBackbone``. Pretrained weights:
            ``init_cfg=dict(type='Pretrained', checkpoint=...)`` in its config.
        image_neck: Pools the backbone's last feature map, usually ``GlobalAveragePooling``. None for a fusion with
            ``takes_sequences``.
        text_encoder: Module whose attribute ``input_keys`` names the inputs it takes, such as ``Word2VecEncoder``.
        fusion: Takes what the image gives and what the text gives, in this order. ``ConcatFusion`` by default.
        head: Classification head, MMPretrain's or kdxf's; None gives features only.
        pretrained: Checkpoint of the whole classifier to start from (path or URL).
        train_cfg: Batch augmentations, as in MMPretrain: ``augments`` (:mod:`kdxf.models.batch_augments`) and
            ``probs``.
        data_preprocessor: ``ImageTextDataPreprocessor`` by default.
        channels_last: Keep the image backbone and the images in the channels-last memory layout, which most
            convolutions run faster in.
        init_cfg: Initialization, as everywhere in MMEngine.

    Raises:
        UserError: If there is neither an image backbone nor a text encoder, a part for fewer modalities than given,
            a fusion with ``takes_sequences`` beside parts that pool, or a head that counts hits of mixed samples or has
            another number of classes than they.
    """

    # Modules or None.
    image_backbone: Any
    image_neck: Any
    text_encoder: Any
    fusion: Any
    head: Any

    def __init__(
        self,
        image_backbone: Part = None,
        image_neck: Part = None,
        text_encoder: Part = None,
        fusion: Part = None,
        head: Part = None,
        pretrained: str | None = None,
        train_cfg: dict | None = None,
        data_preprocessor: Part = None,
        channels_last: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if image_backbone is None and text_encoder is None:
            raise UserError("ImageTextClassifier: give image_backbone, text_encoder or both")
        if fusion is not None and (image_backbone is None or text_encoder is None):
            raise UserError("ImageTextClassifier: fusion needs both image_backbone and text_encoder")
        if pretrained is not None:
            init_cfg = {"type": "Pretrained", "checkpoint": pretrained}
        if not isinstance(data_preprocessor, nn.Module):
            defaults = {"type": "ImageTextDataPreprocessor", "batch_augments": train_cfg}
            data_preprocessor = MODELS.build({**defaults, **(data_preprocessor or {})})
        super().__init__(init_cfg=init_cfg, data_preprocessor=data_preprocessor)
        if image_backbone is not None and text_encoder is not None and fusion is None:
            fusion = {"type": "ConcatFusion"}
        self.image_backbone = _build(image_backbone)
        warn_of_other_normalization(self.image_backbone, self.data_preprocessor)
        self.image_neck = _build(image_neck)
        self.text_encoder = _build(text_encoder)
        self.fusion = _build(fusion)
        self._fuses_sequences = getattr(self.fusion, "takes_sequences", False)
        if self._fuses_sequences:
            self._check_sequences()
        self.head = _build(head)
        self._check_mixing()
        self.channels_last = channels_last
        if channels_last and self.image_backbone is not None:
            self.image_backbone.to(memory_format=torch.channels_last)

    def forward(
        self,
        inputs: Tensor | Mapping[str, Tensor],
        data_samples: list[DataSample] | None = None,
        mode: str = "tensor",
    ) -> Any:
        """Run the model the way ``mode`` says.

        Args:
            inputs: ``img`` (N, 3, H, W) and/or the text encoder's inputs; a tensor alone is ``img``.
            data_samples: N samples, needed for ``'loss'``.
            mode: ``'tensor'`` gives logits (N, K) (without a head, the features), ``'loss'`` a dict of losses,
                ``'predict'`` N samples with ``pred_score`` and ``pred_label``.

        Raises:
            ValueError: If ``mode`` is none of these.
        """
        if mode == "tensor":
            feats = self.extract_feat(inputs)
            return feats if self.head is None else self.head(feats)
        if mode == "loss":
            return self.loss(inputs, data_samples)
        if mode == "predict":
            return self.predict(inputs, data_samples)
        raise ValueError(f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}")

    def extract_feat(self, inputs: Tensor | Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Encode and fuse.

        Args:
            inputs: As of :meth:`forward`.

        Returns:
            A tuple whose last item is (N, C).

        Raises:
            UserError: If an input is missing, or the image feature does not have the shape that the fusion takes.
        """
        if not isinstance(inputs, Mapping):
            inputs = {"img": inputs}
        if self.text_encoder is None:
            return self._encode_image(inputs)
        texts = self._text_inputs(inputs)
        if self.image_backbone is None:
            return (self.text_encoder(*texts),)
        image = self._encode_image(inputs)[-1]
        if self._fuses_sequences:
            _check_shape(image, "NCHW", "take a backbone, or its out_type, that gives feature maps")
            return (self.fusion(image, *self.text_encoder.encode_tokens(*texts)),)
        _check_shape(image, "NC", "set image_neck=dict(type='GlobalAveragePooling')")
        return (self.fusion(image, self.text_encoder(*texts)),)

    def loss(self, inputs: Tensor | Mapping[str, Tensor], data_samples: list[DataSample] | None) -> dict[str, Tensor]:
        """Give the head's losses for a batch.

        Where a sample has a ``sample_weight``, its loss is multiplied by it (1 for samples without one); what divides
        the sum is still N. So a weight of 2 counts like the sample twice in a batch of the same size.

        Args:
            inputs: As of :meth:`forward`.
            data_samples: N samples with ``gt_label`` or ``gt_score``.

        Raises:
            UserError: If there is no head, a sample has neither, or targets that the head cannot learn.
        """
        self._check_head("training")
        samples = data_samples or []
        check_targets(samples, self.head)
        feats = self.extract_feat(inputs)
        return self.head.loss(feats, samples, **loss_weights(samples, feats[-1].device))

    def predict(
        self,
        inputs: Tensor | Mapping[str, Tensor],
        data_samples: list[DataSample] | None = None,
        **kwargs: Any,
    ) -> list[DataSample]:
        """Give N samples with ``pred_score`` (K,), float32, and ``pred_label``.

        Args:
            inputs: As of :meth:`forward`.
            data_samples: N samples to be filled in; None makes new ones.
            **kwargs: Passed to the head.

        Raises:
            UserError: If there is no head.
        """
        self._check_head("prediction")
        feats = self.extract_feat(inputs)
        device = feats[-1].device.type
        if not torch.is_autocast_enabled(device):
            return self.head.predict(feats, data_samples, **kwargs)
        # In half precision scores would have two or three digits and not sum to 1; the head costs next to nothing.
        with torch.autocast(device, enabled=False):
            return self.head.predict(tuple(feat.float() for feat in feats), data_samples, **kwargs)

    def get_layer_depth(self, param_name: str) -> tuple[int, int]:
        """Give the depth of a parameter and the number of depths, for layer-wise learning rates.

        Args:
            param_name: Name of the parameter in this model.

        Raises:
            UserError: If there are encoders, but none that defines its layers' depths.
        """
        return layer_depth(self.image_backbone, self.text_encoder, param_name)

    def _encode_image(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        if "img" not in inputs:
            raise UserError(
                "the batch has no 'img', which image_backbone needs: "
                "add LoadImage and PackImageTextInputs to the pipeline"
            )
        image = inputs["img"]
        if self.channels_last:
            image = image.contiguous(memory_format=torch.channels_last)
        feats = self.image_backbone(image)
        return feats if self.image_neck is None else self.image_neck(feats)

    def _text_inputs(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        keys = self.text_encoder.input_keys
        missing = [key for key in keys if key not in inputs]
        if missing:
            raise UserError(
                f"the batch has no {missing[0]!r}, which text_encoder ({type(self.text_encoder).__name__}) needs: "
                "add TokenizeOCR with LookUpWordVectors or HashNgrams, or TokenizeForTransformer, before "
                "PackImageTextInputs"
            )
        return [inputs[key] for key in keys]

    def _check_head(self, task: str) -> None:
        if self.head is None:
            raise UserError(
                f"ImageTextClassifier: {task} needs a head, and model.head is None, which gives features only: set "
                "model.head=dict(type='MoEClsHead', ...)"
            )

    def _check_mixing(self) -> None:
        if getattr(self.data_preprocessor, "batch_augments", None) is None:
            return
        if getattr(self.head, "cal_acc", False):
            raise UserError(
                "ImageTextClassifier: head.cal_acc counts samples of one class, but batch_augments (train_cfg) mix "
                "classes: set cal_acc=False"
            )
        ours, heads = self.data_preprocessor.num_classes, getattr(self.head, "num_classes", None)
        if ours is not None and heads is not None and ours != heads:
            raise UserError(
                f"ImageTextClassifier: batch_augments (train_cfg) mix targets of data_preprocessor.num_classes={ours}, "
                f"but the head has {heads} classes; set both alike"
            )

    def _check_sequences(self) -> None:
        fusion, encoder = type(self.fusion).__name__, type(self.text_encoder).__name__
        if self.image_neck is not None:
            raise UserError(f"ImageTextClassifier: {fusion} takes the unpooled image map, set image_neck=None")
        if not hasattr(self.text_encoder, "encode_tokens"):
            raise UserError(
                f"ImageTextClassifier: {fusion} takes tokens, which text_encoder ({encoder}) does not give: "
                "take one with encode_tokens, such as Word2VecEncoder"
            )


def _build(part: Part) -> Any:
    return MODELS.build(part) if isinstance(part, dict) else part


def _check_shape(image: Tensor, dims: str, remedy: str) -> None:
    if image.dim() != len(dims):
        found, needed = tuple(image.shape), ", ".join(dims)
        raise UserError(f"the image feature has the shape {found}, fusion needs ({needed}): {remedy}")
