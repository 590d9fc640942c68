"""Which places of a photograph spoke for a class: Grad-CAM on the image backbone. Shapes: N batch, C channels.

The map is that of the last place in the model where features still have places: the backbone's feature map where it
gives one (ResNet, EfficientNet, Swin, ViT without pooling), else the last layer inside the backbone whose places still
count for the answer (of a ViT that answers by its class token, the normalization in front of the last attention).

Source: Selvaraju et al., "Grad-CAM", https://arxiv.org/abs/1610.02391, by the package grad-cam.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kdxf.analysis.explain.scorer import Sample, Scorer, backbone_name, classifiers_of
from kdxf.analysis.explain.view import UnknownViewError, View, find_view
from kdxf.datasets.feature_store import FeatureStore
from kdxf.datasets.transforms import LoadFeature
from kdxf.engine.config import building, type_name
from kdxf.registry import TRANSFORMS
from kdxf_runtime.io.images import ImageReadError, read_image
from kdxf_runtime.optional import require

LONGEST = 640  # pixels; a map has a few hundred places, so more would be no sharper


class NoHeatmapError(ValueError):
    """There can be no heatmap; the message says why."""


class Heatmaps:
    """Makes heatmaps of one model.

    Args:
        scorer: The model.

    Raises:
        UserError: The package grad-cam is not installed.
        NoHeatmapError: The model takes no image.
    """

    def __init__(self, scorer: Scorer) -> None:
        self._grad_cam = require("pytorch_grad_cam", "report", "a heatmap")
        model = scorer.inferencer.model.requires_grad_(False)
        weights = getattr(model, "weights", None) or [1.0]
        self._scorer = scorer
        self._steps: list[dict] = scorer.pipeline()
        self._store = self._find_store()
        self._members = [
            _Member(classifier, weight, self._store)
            for weight, classifier in zip(weights, classifiers_of(model), strict=True)
            if backbone_name(classifier) is not None
        ]
        if not self._members:
            raise NoHeatmapError("the model takes no image")

    def heatmap(self, sample: Sample, label: int) -> np.ndarray:
        """Return how much each place spoke for a class, as in :class:`~kdxf.analysis.explain.explanation.Explanation`.

        That of an ensemble is the mean of its members' maps, by their weights.

        Raises:
            NoHeatmapError: The photograph cannot be read, or the places of the input cannot be found in it.
        """
        try:
            height, width = read_image(sample.image.path).shape[:2]
        except ImageReadError as error:
            raise NoHeatmapError(f"the photograph cannot be read: {error}") from error
        view = self._view(sample)
        inputs = self._scorer.inputs(sample)
        if self._store is not None:
            inputs = {**inputs, "img": self._store.test_view(sample.image.path)[None].to(inputs["img"])}
        maps = [member.weight * self._cam(member, inputs, label) for member in self._members]
        total = sum(member.weight for member in self._members)
        shrink = min(1.0, LONGEST / max(height, width))
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        return view.on_photograph(np.sum(maps, axis=0) / total, *size)

    def _find_store(self) -> FeatureStore | None:
        """Return the store of a model on stored features."""
        configs = [step for step in self._steps if type_name(step) == "LoadFeature"]
        if not configs:
            return None
        with building(self._scorer.cfg):
            step: LoadFeature = TRANSFORMS.build(dict(configs[0]))
        return step.store

    def _view(self, sample: Sample) -> View:
        steps = self._steps if self._store is None else self._store.test_steps()
        try:
            with building(self._scorer.cfg):
                return find_view(steps, sample.image.path, sample.record)
        except UnknownViewError as error:
            raise NoHeatmapError(str(error)) from error

    def _cam(self, member: "_Member", inputs: Any, label: int) -> np.ndarray:
        """Return the map of one classifier over its input, float32 (H, W) in 0..1."""
        image = (inputs["img"] if isinstance(inputs, Mapping) else inputs).detach().float()
        model = _ImageSide(member.classifier, inputs)
        target = self._grad_cam.utils.model_targets.ClassifierOutputTarget(label)
        with member.tapped() as tap:
            image.requires_grad_(not tap.gives_map(image))
            layer, places = (tap.map, _same) if tap.gives_map(image) else _last_places(tap, model, image, label)
            with self._grad_cam.GradCAM(model, [layer], places) as cam:
                return cam(input_tensor=image, targets=[target])[0]


class _ImageSide(nn.Module):
    """A classifier as a function of the image alone; what else it takes stays as it is."""

    def __init__(self, classifier: nn.Module, inputs: Any) -> None:
        super().__init__()
        self.classifier = classifier
        self.inputs = inputs

    def forward(self, image: Tensor) -> Tensor:
        inputs = {**self.inputs, "img": image} if isinstance(self.inputs, Mapping) else image
        return self.classifier(inputs, mode="tensor")


class _Tap(nn.Module):
    """A backbone whose feature map passes through a layer of its own, where it can be watched."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.map = nn.Identity()
        self._maps: dict[torch.Size, bool] = {}

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        *others, last = self.backbone(image)
        if not last.requires_grad:  # the gradient is wanted here; below this place it would be computed for nothing
            last.requires_grad_()
        return (*others, self.map(last))

    @torch.no_grad()
    def gives_map(self, image: Tensor) -> bool:
        """Return whether the feature of images of this size has several places."""
        if image.shape not in self._maps:
            feature = self.backbone(image)[-1]
            self._maps[image.shape] = feature.ndim == 4 and feature[0, 0].numel() > 1
        return self._maps[image.shape]


class _Encoding(nn.Module):
    """The frozen encoder in the place of ``StoredFeatures``: pixels (N, 3, H, W) become features (N, C, 1, 1)."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, image: Tensor) -> tuple[Tensor]:
        return (self.encoder(image)[:, :, None, None],)


class _Member:
    """A classifier whose backbone can be tapped, or that of the store whose features it takes."""

    def __init__(self, classifier: Any, weight: float, store: FeatureStore | None) -> None:
        self.classifier = classifier
        self.weight = weight
        self._name = str(backbone_name(classifier))
        self._place: tuple[Any, str] = (classifier, self._name)
        self._encoding = None
        if store is not None:
            encoder = store.encoder.requires_grad_(False).to(next(classifier.parameters()).device)
            self._encoding, self._place = _Encoding(encoder), (encoder, "backbone")
        self._tap = _Tap(getattr(*self._place))

    @contextmanager
    def tapped(self) -> Iterator[_Tap]:
        """Put the tap in its place inside the block."""
        with ExitStack() as stack:
            if self._encoding is not None:
                stack.enter_context(_replaced(self.classifier, self._name, self._encoding))
            stack.enter_context(_replaced(*self._place, self._tap))
            yield self._tap


@contextmanager
def _replaced(owner: nn.Module, name: str, module: nn.Module) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, module.eval())
    try:
        yield
    finally:
        setattr(owner, name, before)


Layout = Callable[[Tensor], Tensor]


def _last_places(tap: _Tap, model: nn.Module, image: Tensor, label: int) -> tuple[nn.Module, Layout]:
    """Find the last layer whose output has places that count for a class.

    Returns:
        The layer, and what turns its output into a map (N, C, h, w).

    Raises:
        NoHeatmapError: There is none.
    """
    calls: list[tuple[nn.Module, Layout, Tensor]] = []
    inner = [module for module in tap.backbone.modules() if not any(True for _ in module.children())]

    def watch(module: nn.Module, _: Any, output: Any) -> None:
        layout = _layout(module, output, image)
        if layout is not None and output.requires_grad:
            output.retain_grad()
            calls.append((module, layout, output))

    handles = [module.register_forward_hook(watch) for module in inner]
    try:
        model(image)[0, label].backward()
    finally:
        for handle in handles:
            handle.remove()
    times = Counter(module for module, _, _ in calls)
    for module, layout, output in reversed(calls):
        if times[module] == 1 and output.grad is not None and layout(output.grad).any():
            return module, layout
    raise NoHeatmapError("no layer of the image backbone has places that count for the answer")


def _layout(module: nn.Module, output: Any, image: Tensor) -> Layout | None:
    """Return what turns a layer's output into a map (N, C, h, w) of several places; None where it is none.

    Such a layer has weights (an attention matrix has the shape of a map, too, but comes from a layer without), and its
    map the shape of the image.
    """
    if not isinstance(output, Tensor) or not any(True for _ in module.parameters()):
        return None
    if output.ndim == 4:
        last = isinstance(module, nn.LayerNorm) and "2d" not in type(module).__name__
        layout: Layout = partial(torch.permute, dims=(0, 3, 1, 2)) if last else _same
        height, width = layout(output).shape[2:]
        alike = abs(height * image.shape[3] / image.shape[2] - width) < 1
        return layout if alike and height * width > 1 else None
    if output.ndim == 3 and isinstance(module, nn.LayerNorm):  # tokens (N, L, C), some of them of no place
        height, width = image.shape[2:]
        for extra in range(min(16, output.shape[1])):
            count = output.shape[1] - extra
            rows = round((count * height / width) ** 0.5)
            if count > 1 and rows and count % rows == 0 and round((count * width / height) ** 0.5) == count // rows:
                return partial(_grid, extra=extra, rows=rows)
    return None


def _same(output: Tensor) -> Tensor:
    return output


def _grid(tokens: Tensor, extra: int, rows: int) -> Tensor:
    return tokens[:, extra:].transpose(1, 2).unflatten(2, (rows, -1))
