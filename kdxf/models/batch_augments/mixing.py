"""Mixup, CutMix and ResizeMix of images, texts, tables and targets. Shapes: N batch, L tokens of a text, K classes."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from mmpretrain.models.utils import batch_augments as host
from torch import Tensor

from kdxf.errors import UserError
from kdxf.registry import BATCH_AUGMENTS

JOINED_KEYS = (
    "text",
    "text_weight",
    "text_box",
    "ngram_ids",
    "ngram_weight",
    "tfidf",
    "tfidf_weight",
    "text_feature",
    "text_feature_weight",
)
"""Inputs without an order: the words of both texts become one text."""

PAIRED_KEYS = ("text_ids", "text_mask", "text_boxes")
"""Inputs of a transformer, where order matters: the two texts stay apart."""

WEIGHT_KEYS = ("text_weight", "ngram_weight", "tfidf_weight", "text_feature_weight", "text_mask")
"""Inputs that hold the weight of each token."""


TABLE_KEY = "table"
"""The numbers of a table's row, which are mixed like pixels."""


def mix_texts(texts: Mapping[str, Tensor], partner: Tensor, shares: Tensor) -> dict[str, Tensor]:
    """Add to the text of every sample that of its partner, and mix their rows of a table.

    Args:
        texts: Inputs of a text encoder, each (N, L) or (N, L, ...); or those of a table encoder (N, D).
        partner: Index of each sample's partner (N,), int64.
        shares: Shares of the sample's own text and of its partner's (N, 2). The weights are multiplied by them; padding
            stays 0, and a text whose share is 0 becomes padding.

    Returns:
        The inputs of :data:`JOINED_KEYS` as (N, 2 L, ...): the words of the sample, then those of its partner; the
        inputs of :data:`PAIRED_KEYS` as (N, 2, L, ...); and ``table`` as (N, D), the weighted sum.

    Raises:
        UserError: An input has another name.
    """
    mixed = {}
    for key, value in texts.items():
        if key == TABLE_KEY:
            mixed[key] = shares[:, :1] * value + shares[:, 1:] * value[partner]
            continue
        if key not in JOINED_KEYS and key not in PAIRED_KEYS:
            known = ", ".join(("img", *JOINED_KEYS, *PAIRED_KEYS, TABLE_KEY))
            raise UserError(f"batch_augments cannot mix the input {key!r}, only {known}: train without batch_augments")
        pair = torch.stack((value, value[partner]), dim=1)  # (N, 2, L, ...)
        if key in WEIGHT_KEYS:
            pair = pair * shares.unsqueeze(-1)
        mixed[key] = pair if key in PAIRED_KEYS else pair.flatten(1, 2)
    return mixed


class ImageTextMixing:
    r"""Mixin that lets a batch augmentation of MMPretrain mix texts too, with the same partners and :math:`\lambda`.

    A sample keeps :math:`\lambda` of itself and gets :math:`1 - \lambda` of its partner; MMPretrain's code draws
    :math:`\lambda` and mixes the images. The mixed sample has **both texts**, like a picture that shows both:

    - For word vectors and n-grams, the words of both are joined, their weights times :math:`\lambda` and
      :math:`1 - \lambda`. For ``Word2VecEncoder``, with word vectors v and weights w,

      .. math:: \text{mean} = \frac{\lambda \sum_a w_a v_a + (1 - \lambda) \sum_b w_b v_b}
                                   {\lambda \sum_a w_a + (1 - \lambda) \sum_b w_b}

      Each word counts: of two texts with the same :math:`\lambda` the longer one counts more, as it does in a
      picture. ``readability`` and ``pooling='transformer'`` see more words with lower OCR scores.
    - A transformer's texts stay apart, because they have an order: ``text_ids`` and ``text_mask`` become (N, 2, L),
      and ``TransformerTextEncoder`` mixes the features of whole texts in the proportion
      :math:`\lambda : 1 - \lambda` (https://arxiv.org/abs/1905.08941), each text encoded once.

    Without a partner's text there is nothing to mix: only the proportions of the weights count, so the text keeps the
    feature that it has alone (except that ``readability`` and the layout transformer see lower OCR scores). Two samples
    without text become one without text.

    Words count by :math:`\lambda` wherever they are, also those that a pasted patch hides (CutMix) or would shrink
    (ResizeMix), and ``text_box`` does not change. The targets are mixed by :math:`\lambda`, the area; if words were
    dropped by their places, the text could show one class while the target has two. And boxes may be unknown.

    Targets become distributions, which the loss must take: ``LabelSmoothFocalLoss``, ``CrossEntropyLoss`` (for several
    labels with ``use_sigmoid=True``) and ``LabelSmoothLoss`` do; the latter's mode ``'multi_label'`` rounds them up.
    ``Word2VecEncoder`` standardizes documents by the statistics of mixed ones, so switch mixing off for the last
    epochs::

        model = dict(train_cfg=dict(augments=[dict(type='Mixup', alpha=0.4), dict(type='CutMix', alpha=1.0)]))
        custom_hooks = [dict(type='SwitchRecipeHook', schedule=[dict(action_epoch=40, batch_augments=None)])]

    Raises:
        ValueError: ``alpha`` is not above 0.
    """

    mix: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    """MMPretrain's method: images (N, ...) and scores (N, any) to mixed ones."""

    needs_image = False
    """Whether mixing needs images."""

    def __init__(self, alpha: float, **kwargs: Any) -> None:
        if not alpha > 0:
            raise ValueError(f"alpha must be above 0, got {alpha}")
        super().__init__(alpha=float(alpha), **kwargs)  # type: ignore[call-arg]  # MMPretrain's takes no whole number

    def __call__(
        self, batch_inputs: Tensor | Mapping[str, Tensor], batch_score: Tensor
    ) -> tuple[Tensor | dict[str, Tensor], Tensor]:
        """Mix a batch.

        Args:
            batch_inputs: Images (N, C, H, W), or a mapping of ``img`` and/or a text's inputs.
            batch_score: Targets (N, K), or other values (N, any) to be mixed in proportion to the shares.

        Returns:
            Mixed inputs and mixed targets, in float32; the texts as of
            :func:`~kdxf.models.batch_augments.mixing.mix_texts`.

        Raises:
            UserError: The augmentation needs images and there are none, or an input cannot be mixed.
        """
        batch_score = batch_score.float()
        if isinstance(batch_inputs, Tensor):
            return self.mix(batch_inputs, batch_score)
        texts = {key: value for key, value in batch_inputs.items() if key != "img"}
        if self.needs_image and "img" not in batch_inputs:
            name = type(self).__name__
            raise UserError(f"batch_augments: {name} pastes patches of images, but the samples have none: use Mixup")
        # Mixed like a target, the identity matrix shows who was mixed with whom: row i holds the shares of sample i.
        identity = torch.eye(len(batch_score), device=batch_score.device)
        images = batch_inputs.get("img", batch_score.new_empty(len(batch_score), 0))
        images, mixed = self.mix(images, torch.cat((batch_score, identity), dim=1))
        batch_score, rows = mixed.tensor_split((batch_score.size(1),), dim=1)
        own = rows.diagonal()
        # A sample that is its own partner has only zeros off the diagonal, and so nothing to add.
        other, partner = (rows - own.diag()).max(dim=1)
        inputs = mix_texts(texts, partner, torch.stack((own, other), dim=1))
        return ({"img": images} if "img" in batch_inputs else {}) | inputs, batch_score


@BATCH_AUGMENTS.register_module()
class Mixup(ImageTextMixing, host.Mixup):
    """MMPretrain's ``Mixup`` (https://arxiv.org/abs/1710.09412) of images, texts or both: :class:`ImageTextMixing`.

    Args:
        alpha: Parameter of the distribution Beta(alpha, alpha) from which the share of the sample itself is drawn.

    Raises:
        ValueError: ``alpha`` is not above 0.
    """


@BATCH_AUGMENTS.register_module()
class CutMix(ImageTextMixing, host.CutMix):
    """MMPretrain's ``CutMix`` (https://arxiv.org/abs/1905.04899), also of texts: :class:`ImageTextMixing`.

    Args:
        alpha: As of :class:`Mixup`; 1 - share is the area of the pasted patch.
        cutmix_minmax: As in MMPretrain: smallest and largest edge of the patch in fractions of the image's, instead of
            ``alpha``.
        correct_lam: As in MMPretrain: compute the share from the part of the patch inside the image.

    Raises:
        ValueError: ``alpha`` is not above 0.
    """

    needs_image = True


@BATCH_AUGMENTS.register_module()
class ResizeMix(ImageTextMixing, host.ResizeMix):
    """MMPretrain's ``ResizeMix`` (https://arxiv.org/abs/2012.11101), also of texts: :class:`ImageTextMixing`.

    Args:
        alpha: As of :class:`CutMix`.
        lam_min: Smallest share of the sample itself.
        lam_max: Largest share of the sample itself.
        interpolation: How the pasted image is shrunk, a ``mode`` of ``torch.nn.functional.interpolate``.
        cutmix_minmax: As of :class:`CutMix`.
        correct_lam: As of :class:`CutMix`.

    Raises:
        ValueError: ``alpha`` is not above 0.
    """

    needs_image = True
