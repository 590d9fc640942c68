"""Depth of a classifier's parameters, for layer-wise learning rates."""

from typing import Any

from torch import nn

from kdxf.errors import UserError
from kdxf.models.text_encoders import TransformerTextEncoder


def layer_depth(image_backbone: Any, text_encoder: nn.Module | None, param_name: str) -> tuple[int, int]:
    """Return the depth of a parameter of an ``ImageTextClassifier``, and the number of depths.

    Depth 0 is the stem or the embeddings of the deeper encoder. Both encoders end at the same depth. Fusion and head
    are at the last depth, which trains at the full rate, and so are a table encoder and a text encoder that is no
    transformer: they learn from scratch, as those do.

    Args:
        image_backbone: A backbone of MMPretrain or kdxf, or None.
        text_encoder: A text encoder, or None.
        param_name: Name of the parameter in the classifier.

    Raises:
        UserError: The image backbone, or without one the text encoder, defines no depths.
    """
    part, _, name = param_name.partition(".")
    depths = {}
    text = None if text_encoder is None else _text_depth(text_encoder, name if part == "text_encoder" else None)
    if text is not None:
        depths["text_encoder"] = text
    if image_backbone is not None:
        depths["image_backbone"] = _image_depth(image_backbone, name if part == "image_backbone" else None)
    elif text is None:
        raise UserError(_MISSING.format("a table encoder" if text_encoder is None else type(text_encoder).__name__))
    count = max(own_count for _, own_count in depths.values())
    depth, own_count = depths.get(part, (count - 1, count))
    return depth + count - own_count, count


_MISSING = "layer-wise learning rates need an encoder that defines its layers' depths, {} does not"


def _image_depth(backbone: Any, name: str | None) -> tuple[int, int]:
    """Return depth and number of depths of a parameter of an image backbone, or (name None) of the part behind it.

    The backbone's own method is used. Relatives of ResNet whose size that method does not know have a depth per stage.
    """
    # MMPretrain's ResNet knows its parameters only under this prefix.
    full_name = "head" if name is None else f"backbone.{name}"
    try:
        if hasattr(backbone, "get_layer_depth"):
            return backbone.get_layer_depth(full_name, "backbone.")
    except NotImplementedError:
        pass
    stages = getattr(backbone, "res_layers", None)
    if stages is None:
        raise UserError(_MISSING.format(type(backbone).__name__))
    count = len(stages) + 2
    if name is None:
        return count - 1, count
    stage = name.partition(".")[0]
    return (stages.index(stage) + 1 if stage in stages else 0), count


def _text_depth(encoder: nn.Module, name: str | None) -> tuple[int, int] | None:
    """Return depth and number of depths of a parameter of a text encoder, or (name None) of the part behind it.

    A transformer has a depth for its embeddings and one for each layer; layers that share their weights (ALBERT) have
    that of the embeddings. An encoder without a transformer has none: None.
    """
    transformers = [(path, part) for path, part in encoder.named_modules() if isinstance(part, TransformerTextEncoder)]
    if not transformers:
        return None
    count = max(_transformer_depth(part.model, "")[1] for _, part in transformers)
    for path, part in transformers:
        prefix = f"{path}.model." if path else "model."
        if name is not None and name.startswith(prefix):
            depth, own_count = _transformer_depth(part.model, name[len(prefix) :])
            return depth + count - own_count, count
    return count - 1, count


def _transformer_depth(model: Any, name: str) -> tuple[int, int]:
    layers = model.config.num_hidden_layers
    lists = (path for path, part in model.named_modules() if isinstance(part, nn.ModuleList) and len(part) == layers)
    path = next(lists, None)
    if path is None:
        return 0, 2
    if name.startswith(f"{path}."):
        return int(name[len(path) + 1 :].partition(".")[0]) + 1, layers + 2
    before = []
    for child, _ in model.named_children():
        if path == child or path.startswith(f"{child}."):
            break
        before.append(child)
    return (0 if name.partition(".")[0] in before else layers), layers + 2
