"""The parts of a model whose outputs have names in the graph, so that a difference can be traced to one of them."""

from typing import Any

from torch import Tensor, nn

from kdxf.export.portable import PortableModel

_KINDS = ("data_preprocessor", "image_backbone", "backbone", "image_neck", "neck", "text_encoder", "table_encoder",
          "fusion", "head")  # fmt: skip


def part_outputs(model: PortableModel, inputs: dict[str, Tensor]) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor]]:
    """Run a model and watch its parts.

    Args:
        model: The model.
        inputs: As it takes them.

    Returns:
        The output of each part by the part's name, such as ``image_backbone`` or ``members.0.text_encoder``, in the
        order in which they ran; and the scores and the feature.
    """
    outputs: dict[str, Tensor] = {}

    def watch(name: str, part: nn.Module) -> Any:
        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            value = _tensor(output)
            if value is not None:
                outputs.setdefault(name, value)

        return part.register_forward_hook(keep)

    handles = [watch(name, part) for name, part in _parts(model)]
    try:
        answer = model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return outputs, answer


def _parts(model: PortableModel) -> list[tuple[str, nn.Module]]:
    """Return the parts of a model with their names; what several members of an ensemble share counts once."""
    named = []
    for path, part in model.named_modules():
        name = path.removeprefix("classifier.")
        owner, _, kind = name.rpartition(".")
        if name in ("frozen_image", "frozen_text") or (
            kind in _KINDS and (owner == "" or (owner.startswith("members.") and owner.count(".") == 1))
        ):
            named.append((name, part))
    return named


def _tensor(output: Any) -> Tensor | None:
    """Return the tensor of a part's output: the last of several, the image of a mapping."""
    if isinstance(output, dict):
        for key in ("inputs", "img", "text_feature"):
            if key in output:
                return _tensor(output[key])
        return None
    if isinstance(output, list | tuple):
        return _tensor(output[-1]) if output else None
    return output if isinstance(output, Tensor) else None
