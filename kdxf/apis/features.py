"""Compute the stored features that a config trains on."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope

from kdxf.datasets.feature_store import FeatureStore
from kdxf.errors import UserError
from kdxf.registry import DATASETS

_LOADERS = ("train", "val", "test")


def compute_features(cfg: Config, workers: int = 0, progress: bool = True) -> dict[str, int]:
    """Compute the features of all images of a config's datasets that its stores lack.

    Args:
        cfg: A config whose pipelines have ``LoadFeature``.
        workers: Processes that load and augment images.
        progress: Show progress bars.

    Returns:
        The folder of each store's setting, and how many images were computed.

    Raises:
        UserError: No pipeline has ``LoadFeature``, or a dataset cannot be read.
    """
    computed: dict[str, int] = {}
    with DefaultScope.overwrite_default_scope(cfg.get("default_scope") or "kdxf"):
        for name in _LOADERS:
            dataset: Any = (cfg.get(f"{name}_dataloader") or {}).get("dataset")
            for settings in _load_features(dataset):
                options = {key: value for key, value in settings.items() if key not in ("type", "train")}
                store = FeatureStore(**options)
                images = _images(DATASETS.build(dataset))
                count = store.compute(images, bool(settings.get("train")), workers, progress)
                computed[str(store.path)] = computed.get(str(store.path), 0) + count
    if not computed:
        raise UserError(f"config {cfg.filename} has no LoadFeature in its pipelines, so there is nothing to compute")
    return computed


def _images(dataset: Any) -> list[str]:
    return list(dict.fromkeys(dataset.get_data_info(index)["img_path"] for index in range(len(dataset))))


def _load_features(config: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the configs of ``LoadFeature`` in (nested) configs."""
    if isinstance(config, Mapping):
        if config.get("type") == "LoadFeature":
            yield config
        config = list(config.values())
    if isinstance(config, list | tuple):
        for item in config:
            yield from _load_features(item)
