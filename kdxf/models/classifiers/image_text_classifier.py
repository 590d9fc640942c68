"""The model: encode, fuse, classify.

Shapes: N batch, K classes, and channels: Ci of the image, Ct of
the text, Cb of the table, C of the joint feature.
"""

from collections.abc import Mapping
from typing import Any

import torch
from mmpretrain.models import BaseClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from kdxf.models.classifiers import checks
from kdxf.models.layer_depth import layer_depth
from kdxf.models.losses import FeatureLosses
from kdxf.registry import MODELS

Part = dict | nn.Module | None
Inputs = Tensor | Mapping[str, Tensor]


@MODELS.register_module()
class ImageTextClassifier(BaseClassifier):
    """Classify by image, by text, by the columns of a table, or by several of them.

    ::

        img          (N, 3, H, W) -> image_backbone -> image_neck -> (N, Ci) -+
        text, weight (N, L, D), (N, L)      -> text_encoder       -> (N, Ct) -+- fusion -> (N, C) -> head -> (N, K)
        table        (N, D)                 -> table_encoder      -> (N, Cb) -+

    Any two of the three may be left out; the head then gets the one feature. A fusion with ``takes_sequences``, such as
    ``CrossAttentionFusion``, gets the image map (N, Ci, H, W) and the result of ``text_encoder.encode_tokens`` instead
    of pooled features. Every part is a config or a ready module.

    Args:
        image_backbone: Any MMPretrain backbone, or timm's through ``TIMMBackbone``. Pretrained weights:
            ``init_cfg=dict(type='Pretrained', checkpoint=...)`` in its config.
        image_neck: Pools the backbone's last feature map, usually ``GlobalAveragePooling``. None for a fusion with
            ``takes_sequences``.
        text_encoder: Module whose attribute ``input_keys`` names the inputs it takes, such as ``Word2VecEncoder``.
        fusion: Takes the features of image, text and table, those that there are, in this order. ``ConcatFusion`` by
            default.
        head: Classification head, MMPretrain's or kdxf's; None: the model returns features only.
        feature_losses: Mapping from a name to a loss on the joint feature, such as ``SupervisedContrastiveLoss``, which
            training adds to the head's.
        distillation: ``Distillation``: what training learns from teachers, besides the labels.
        pretrained: Checkpoint of the whole classifier to start from (path or URL).
        train_cfg: Batch augmentations (:mod:`kdxf.models.batch_augments`) as in MMPretrain: ``augments``, ``probs``.
        data_preprocessor: ``ImageTextDataPreprocessor`` by default.
        channels_last: Keep image backbone and images in the channels-last layout, where most convolutions are faster.
        init_cfg: Initialization, as everywhere in MMEngine.
        table_encoder: Module whose attribute ``input_keys`` names the inputs it takes, such as ``TabularEncoder``.

    Raises:
        UserError: There is no encoder, or a fusion of a single one; the fusion has ``takes_sequences`` but a part pools
            or there is a table; or with batch augmentations, the head counts hits or has another
            number of classes than the data preprocessor.
    """

    def __init__(
        self,
        image_backbone: Part = None,
        image_neck: Part = None,
        text_encoder: Part = None,
        fusion: Part = None,
        head: Part = None,
        feature_losses: dict | None = None,
        distillation: Part = None,
        pretrained: str | None = None,
        train_cfg: dict | None = None,
        data_preprocessor: Part = None,
        channels_last: bool = False,
        init_cfg: dict | list[dict] | None = None,
        table_encoder: Part = None,
    ) -> None:
        encoders = {"image_backbone": image_backbone, "text_encoder": text_encoder, "table_encoder": table_encoder}
        checks.check_parts(encoders, fusion)
        if pretrained is not None:
            init_cfg = {"type": "Pretrained", "checkpoint": pretrained}
        if not isinstance(data_preprocessor, nn.Module):
            defaults = {"type": "ImageTextDataPreprocessor", "batch_augments": train_cfg}
            data_preprocessor = MODELS.build({**defaults, **(data_preprocessor or {})})
        super().__init__(init_cfg=init_cfg, data_preprocessor=data_preprocessor)
        if fusion is None and sum(part is not None for part in encoders.values()) > 1:
            fusion = {"type": "ConcatFusion"}
        self.image_backbone, self.image_neck = _build(image_backbone), _build(image_neck)
        self.text_encoder, self.fusion, self.head = _build(text_encoder), _build(fusion), _build(head)
        self.table_encoder = _build(table_encoder)
        self.feature_losses = FeatureLosses(feature_losses) if feature_losses else None
        self.distillation = _build(distillation)
        self._fuses_sequences = getattr(self.fusion, "takes_sequences", False)
        if self._fuses_sequences:
            checks.check_sequences(self.fusion, self.image_neck, self.text_encoder, self.table_encoder)
        checks.check_mixing(self.data_preprocessor, self.head)
        checks.warn_of_other_normalization(self.image_backbone, self.data_preprocessor)
        self.channels_last = channels_last
        if channels_last and self.image_backbone is not None:
            self.image_backbone.to(memory_format=torch.channels_last)

    def forward(self, inputs: Inputs, data_samples: list[DataSample] | None = None, mode: str = "tensor") -> Any:
        """Run the model in one of three modes.

        Args:
            inputs: ``img`` (N, 3, H, W) and/or the inputs of the text and table encoders; a tensor alone is ``img``.
            data_samples: N samples, needed for ``'loss'``.
            mode: ``'tensor'`` returns logits (N, K) (without a head, the features), ``'loss'`` a dict of losses,
                ``'predict'`` N samples with ``pred_score`` and ``pred_label``.

        Raises:
            ValueError: ``mode`` is none of these.
            UserError: As of :meth:`extract_feat`, :meth:`loss` or :meth:`predict`.
        """
        if mode == "loss":
            return self.loss(inputs, data_samples)
        if mode == "predict":
            return self.predict(inputs, data_samples)
        if mode != "tensor":
            raise ValueError(f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}")
        feats = self.extract_feat(inputs)
        return feats if self.head is None else self.head(feats)

    def extract_feat(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Encode and fuse ``inputs`` (as of :meth:`forward`); return a tuple whose last item is the feature (N, C).

        Raises:
            UserError: An input is missing, or the image feature does not have the shape that the fusion takes.
        """
        if not isinstance(inputs, Mapping):
            inputs = {"img": inputs}
        features: list[Tensor] = []
        if self.image_backbone is not None:
            maps = self._encode_image(checks.image_input(inputs))
            if self.fusion is None:
                return maps
            checks.check_image_feature(maps[-1], self._fuses_sequences)
            features.append(maps[-1])
        if self.text_encoder is not None:
            texts = checks.text_inputs(inputs, self.text_encoder)
            if self._fuses_sequences:
                return (self.fusion(*features, *self.text_encoder.encode_tokens(*texts)),)
            features.append(self.text_encoder(*texts))
        if self.table_encoder is not None:
            features.append(self.table_encoder(*checks.table_inputs(inputs, self.table_encoder)))
        return (features[0] if self.fusion is None else self.fusion(*features),)

    def _encode_image(self, image: Tensor) -> tuple[Tensor, ...]:
        if self.channels_last:
            image = image.contiguous(memory_format=torch.channels_last)
        feats = self.image_backbone(image)
        return feats if self.image_neck is None else self.image_neck(feats)

    def loss(self, inputs: Inputs, data_samples: list[DataSample] | None) -> dict[str, Tensor]:
        """Return the losses for ``inputs`` (as of :meth:`forward`) and N samples with targets.

        They are those of the head and, where there are some, of ``feature_losses`` and ``distillation``, for which the
        head runs once more, without margins.

        The loss of a sample with ``sample_weight`` is multiplied by it (1 for samples without one); the sum is still
        divided by N. So a weight of 2 counts like the sample twice in a batch of the same size.

        Raises:
            UserError: There is no head, a sample has no ``gt_label`` or ``gt_score`` that the head can learn, or a
                part that adds a loss cannot work with the samples.
        """
        checks.check_head(self.head, "training")
        samples = data_samples or []
        checks.check_targets(samples, self.head)
        feats = self.extract_feat(inputs)
        weights = checks.loss_weights(samples, feats[-1].device)
        losses: dict[str, Tensor] = self.head.loss(feats, samples, **weights)
        mixed = getattr(self.data_preprocessor, "batch_augments", None) is not None
        if self.feature_losses is not None:
            losses |= self.feature_losses(feats[-1], samples, mixed=mixed, **weights)
        if self.distillation is not None:
            losses |= self.distillation(self.head(feats), feats[-1], inputs, samples, mixed=mixed, **weights)
        return losses

    def predict(self, inputs: Inputs, data_samples: list[DataSample] | None = None, **kwargs: Any) -> list[DataSample]:
        """Return ``data_samples`` (None: N new ones) with ``pred_score`` (K,), float32, and ``pred_label``.

        ``inputs`` are as of :meth:`forward`; the head gets ``kwargs``.

        Raises:
            UserError: There is no head, or an input is missing.
        """
        checks.check_head(self.head, "prediction")
        feats = self.extract_feat(inputs)
        device = feats[-1].device.type
        if not torch.is_autocast_enabled(device):
            return self.head.predict(feats, data_samples, **kwargs)
        # In half precision scores would have two or three digits and not sum to 1; the head costs next to nothing.
        with torch.autocast(device, enabled=False):
            return self.head.predict(tuple(feat.float() for feat in feats), data_samples, **kwargs)

    def get_layer_depth(self, param_name: str) -> tuple[int, int]:
        """Return the depth of a parameter of this model and the number of depths, for layer-wise learning rates.

        Raises:
            UserError: There are encoders, but none that defines its layers' depths.
        """
        return layer_depth(self.image_backbone, self.text_encoder, param_name)


def _build(part: Part) -> Any:
    return MODELS.build(part) if isinstance(part, dict) else part
