"""What a model makes of single images on the way to a prediction. C channels, K classes."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from mmpretrain.models import BaseClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from kdxf.models.fusion import GatedFusion
from kdxf.models.heads.mixture_of_experts import Router
from kdxf_runtime.drift.response import Response

_Keep = Callable[[str, Tensor], None]


@contextmanager
def watching(model: Any, images: Collection[int]) -> Iterator[dict[int, Response]]:
    """Keep what a model makes of some of the images that go through its ``test_step`` within the block.

    It listens to what is computed anyway, and computes nothing again.

    Args:
        model: A classifier, or test-time augmentation around one.
        images: Which images to keep, counted from the first within the block; without any nothing is listened to.

    Yields:
        The responses by these numbers, which fill up as images go through.
    """
    wanted, found = frozenset(images), dict[int, Response]()
    heard: dict[str, list[Tensor]] = {}
    passed = 0

    def keep(name: str, values: Tensor) -> None:
        heard.setdefault(name, []).append(values.detach())

    def heard_of(rows: list[int], count: int) -> dict[str, np.ndarray]:
        # Views follow one another, each with all images of the batch.
        views = {name: torch.cat(values).unflatten(0, (-1, count)) for name, values in heard.items()}
        return {name: value[:, rows].float().mean(dim=0).cpu().numpy() for name, value in views.items()}

    def test_step(data: Any) -> list[DataSample]:
        nonlocal passed
        heard.clear()
        samples = step(data)
        rows = [row for row in range(len(samples)) if passed + row in wanted]
        values = heard_of(rows, len(samples)) if rows else {}
        for place, row in enumerate(rows):
            scores = samples[row].pred_score.float().cpu().numpy()
            found[passed + row] = _response(scores, {name: value[place] for name, value in values.items()})
        passed += len(samples)
        return samples

    with ExitStack() as stack:
        if not wanted:
            yield found
            return
        for name, part in model.named_modules():
            _listen(part, name.removeprefix("module").removeprefix("."), keep, stack)
        step = _replace(model, "test_step", test_step, stack)
        yield found


_FEATURE, _EXPERTS, _FUSION = "feature", "experts", "fusion"


def _listen(part: nn.Module, name: str, keep: _Keep, stack: ExitStack) -> None:
    """Hand what a part computes to ``keep``, under the part's name after what it is."""
    if isinstance(part, BaseClassifier):
        # Not a hook of the head: the prediction of some heads does not call it as a module.
        def extract_feat(*args: Any, **kwargs: Any) -> Any:
            feats = extract(*args, **kwargs)
            if isinstance(feats, tuple) and isinstance(feats[-1], Tensor):
                keep(f"{_FEATURE}:{name}", feats[-1].flatten(1))
            return feats

        extract = _replace(part, "extract_feat", extract_feat, stack)
    elif isinstance(part, Router):

        def routed(_: Any, inputs: Any, gates: Tensor) -> None:
            shares = gates if gates.dim() == 2 else gates.mean(dim=2)
            keep(f"{_EXPERTS}:{name.removesuffix('.router')}", shares)

        stack.callback(part.register_forward_hook(routed).remove)
    elif isinstance(part, GatedFusion):

        def weighed(_: Any, inputs: Any, logits: Tensor) -> None:
            keep(f"{_FUSION}:{name}", torch.sigmoid(logits.float()).mean(dim=1, keepdim=True))

        stack.callback(part.gate.register_forward_hook(weighed).remove)


def _replace(owner: Any, name: str, new: Any, stack: ExitStack) -> Any:
    """Replace a method of an object until the stack is left, and return the old one."""
    own, old = vars(owner).get(name), getattr(owner, name)
    setattr(owner, name, new)
    stack.callback(delattr, owner, name) if own is None else stack.callback(setattr, owner, name, own)
    return old


def _response(scores: np.ndarray, values: Mapping[str, np.ndarray]) -> Response:
    features: dict[str, np.ndarray] = {}
    gates: dict[str, dict[str, float]] = {}
    for key, numbers in values.items():
        kind, _, part = key.partition(":")
        if kind == _FEATURE:
            features[part] = numbers
        elif kind == _FUSION:
            gates[part] = {"the image": float(numbers[0])}
        else:
            names = (*(f"expert {number}" for number in range(1, len(numbers))), "no expert")
            gates[part] = dict(zip(names, map(float, numbers), strict=True))
    return Response(scores, features, gates)
