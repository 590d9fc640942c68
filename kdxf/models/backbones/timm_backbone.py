"""timm's models as backbones that return feature maps."""

from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor

from kdxf.errors import UserError
from kdxf.models.backbones.timm_weights import fetch_weights, fill, present_name, read_weights
from kdxf.registry import MODELS

_UNSUPPORTED = {
    "features_only": "this backbone gives the last feature map",
    "num_classes": "the head classifies",
    "in_chans": "it is called in_channels here",
    "pretrained_cfg": "name a file in init_cfg",
    "pretrained_cfg_overlay": "name a file in init_cfg",
}


@MODELS.register_module()
class TIMMBackbone(BaseModule):
    """Any image model of timm, without its classifier.

    It replaces MMPretrain's class of this name, and adds: old names (table in
    :mod:`kdxf.models.backbones.timm_weights`), weights that fit completely or are refused, maps with the channels first
    (Swin's come last), depths for layer-wise learning rates, and the normalization that the weights were trained with.

    The initial weights are one of:

    * none: timm's initialization;
    * ``init_cfg=dict(type='Pretrained', checkpoint=FILE_OR_URL)``: timm's ``.safetensors``, ``.pth`` and ``.bin``
      files, a folder of one of timm's models on the Hugging Face hub, or a checkpoint of kdxf or MMPretrain with this
      backbone; ``prefix`` as in MMEngine. The classifier's weights are left out;
    * ``pretrained=True``: those that timm publishes under ``model_name``, from the network or its cache.

    Attributes:
        model_name: timm's current name.
        out_channels: Width of the feature, Ci.
        normalization: Means and standard deviations of the three channels, in RGB and 0..255, that the weights were
            trained with; None without such weights.

    Args:
        model_name: Name of the model, with or without a tag.
        pretrained: Load the weights that timm publishes.
        checkpoint_path: Short for ``init_cfg`` with that checkpoint, as in MMPretrain.
        in_channels: Channels of the input.
        global_pool: timm's pooling: '' returns the map, 'avg' (or 'token' and others, if the model has them) a vector,
            which needs ``image_neck=None``.
        with_cp: Recompute activations in the backward pass, which takes less memory and more time.
        init_cfg: As above.
        **kwargs: Options of the model, such as ``img_size``, ``drop_path_rate`` and ``drop_rate``. The last acts on the
            pooled vector and thus needs ``global_pool``.

    Raises:
        UserError: timm has no such model, the model does not take an option, or two sources of weights are given.
    """

    timm_model: Any
    init_cfg: Any
    _is_init: bool

    def __init__(
        self,
        model_name: str,
        pretrained: bool = False,
        checkpoint_path: str = "",
        in_channels: int = 3,
        global_pool: str = "",
        with_cp: bool = False,
        init_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        from timm.models import get_pretrained_cfg

        if checkpoint_path:
            init_cfg = {"type": "Pretrained", "checkpoint": checkpoint_path}
        super().__init__(init_cfg)
        self.model_name = present_name(model_name)
        _check(self.model_name, pretrained, global_pool, init_cfg, kwargs)
        self.pretrained = pretrained
        self._options = {"in_chans": in_channels, **kwargs}
        self.timm_model = self._create(with_cp)
        self.timm_model.reset_classifier(0, global_pool)
        self.out_channels: int = getattr(self.timm_model, "head_hidden_size", self.timm_model.num_features)
        self._depths = self._find_depths()
        published = get_pretrained_cfg(self.model_name)
        self.normalization = None
        if published is not None and (pretrained or (init_cfg and not init_cfg.get("prefix"))):
            self.normalization = tuple(tuple(255 * value for value in row) for row in (published.mean, published.std))

    def _create(self, with_cp: bool) -> Any:
        import timm

        try:
            model: Any = timm.create_model(self.model_name, num_classes=0, **self._options)
            if with_cp:
                model.set_grad_checkpointing(True)
        except (TypeError, ValueError, RuntimeError, AssertionError) as error:
            given = ", ".join(f"{key}={value!r}" for key, value in self._options.items())
            reason = " ".join(str(error).split())
            raise UserError(
                f"TIMMBackbone: {self.model_name} cannot be built with {given}, with_cp={with_cp}: {reason}"
            ) from error
        return model

    def init_weights(self) -> None:
        """Load the configured weights; without any the model stays as timm initialized it.

        Raises:
            UserError: They cannot be read or fetched, or do not fit.
        """
        if not self._is_init and (self.pretrained or self.init_cfg):
            source = f"of {self.model_name}" if self.pretrained else self.init_cfg["checkpoint"]
            if self.pretrained:
                weights = fetch_weights(self.model_name)
            else:
                weights = read_weights(source, self.init_cfg.get("prefix", ""))
            left_out = fill(self.timm_model, self.model_name, weights, source, **self._options)
            print_log(
                f"TIMMBackbone: {self.model_name} starts from the weights {source}, {len(weights) - len(left_out)} "
                f"tensors; left out: {', '.join(left_out) or 'none'}",
                "current",
            )
        self._is_init = True

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Return the feature of images (N, C, H, W): a map (N, Ci, H', W'), or with ``global_pool`` a vector (N, Ci).

        Raises:
            UserError: The model returns tokens that form no grid.
        """
        feature = self.timm_model(x)
        if feature.ndim == 4 and getattr(self.timm_model, "output_fmt", None) == "NHWC":
            feature = feature.permute(0, 3, 1, 2)
        elif feature.ndim == 3:
            feature = self._to_map(feature, x)
        return (feature,)

    def _to_map(self, tokens: Tensor, images: Tensor) -> Tensor:
        """Bring tokens (N, L, Ci) to (N, Ci, H', W'), without the prefix tokens."""
        patches = tokens[:, getattr(self.timm_model, "num_prefix_tokens", 0) :]
        embed: Any = getattr(self.timm_model, "patch_embed", None)
        height, width = embed.dynamic_feat_size(images.shape[2:]) if hasattr(embed, "dynamic_feat_size") else (0, 0)
        if height * width != patches.shape[1]:
            raise UserError(
                f"TIMMBackbone: the tokens of {self.model_name} are no grid; set global_pool='avg' (or 'token') "
                "and image_neck=None"
            )
        return patches.transpose(1, 2).unflatten(2, (height, width))

    def _find_depths(self) -> dict[str, int]:
        """Return the depth of each parameter according to timm's groups; {} if the model has none."""
        from timm.models import group_parameters

        if not hasattr(self.timm_model, "group_matcher"):
            return {}
        matcher = self.timm_model.group_matcher(coarse=False)
        return group_parameters(self.timm_model, matcher, reverse=True)

    def get_layer_depth(self, param_name: str, prefix: str = "") -> tuple[int, int]:
        """Return the depth of a parameter and the number of depths, for layer-wise learning rates.

        Depth 0 is the stem; the last depth is that of the parts behind the backbone.

        Args:
            param_name: Name of the parameter in the whole model.
            prefix: Name of this backbone in it, with a dot at its end.

        Raises:
            NotImplementedError: timm does not group the layers of this model.
        """
        if not self._depths:
            raise NotImplementedError(f"timm does not group the layers of {self.model_name}")
        count = max(self._depths.values()) + 2
        if not param_name.startswith(prefix):
            return count - 1, count
        return self._depths[param_name[len(prefix) :].removeprefix("timm_model.")], count


def _check(name: str, pretrained: bool, global_pool: str, init_cfg: dict | None, options: dict[str, Any]) -> None:
    """Raise a :class:`UserError` for options that are not supported or contradict each other."""
    for option, why in _UNSUPPORTED.items():
        if option in options:
            raise UserError(f"TIMMBackbone: {option} is no option here: {why}")
    if options.get("drop_rate") and not global_pool:
        raise UserError(
            f"TIMMBackbone: drop_rate of {name} acts on the pooled vector; set global_pool='avg' and image_neck=None"
        )
    if pretrained and init_cfg:
        raise UserError("TIMMBackbone: pretrained=True and a checkpoint are both given; leave out one")
    if init_cfg and not (init_cfg.get("type") == "Pretrained" and "checkpoint" in init_cfg):
        raise UserError(
            f"TIMMBackbone: init_cfg is {init_cfg}; give dict(type='Pretrained', checkpoint='FILE') or None"
        )
