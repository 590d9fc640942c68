"""Compute the stored features that a config trains on."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope

from kdxf.datasets.feature_store import FeatureStore
from kdxf.datasets.text_feature_store import TextFeatureStore
from kdxf.engine.config import type_name
from kdxf.errors import UserError
from kdxf.registry import DATASETS
from kdxf_runtime.io.machine import available_cores

_LOADERS = ("train", "val", "test")


def compute_features(cfg: Config, workers: int | None = None, progress: bool = True) -> dict[str, int]:
    """Compute the features of all images and texts of a config's datasets that its stores lack.

    Args:
        cfg: A config whose pipelines have ``LoadFeature`` or ``LoadTextFeature``.
        workers: Processes that load and augment images; by default :func:`loading_workers`.
        progress: Show the progress.

    Returns:
        The folder of each store's setting, and how many images or texts were computed.

    Raises:
        UserError: No pipeline has such a step, or a dataset cannot be read.
    """
    workers = loading_workers() if workers is None else workers
    computed: dict[str, int] = {}
    with DefaultScope.overwrite_default_scope(cfg.get("default_scope") or "kdxf"):
        for name in _LOADERS:
            settings: Any = (cfg.get(f"{name}_dataloader") or {}).get("dataset")
            steps = list(load_steps(settings))
            if not steps:
                continue
            dataset = DATASETS.build(settings)
            for step in steps:
                path, count = _compute(step, dataset, workers, progress)
                computed[path] = computed.get(path, 0) + count
    if not computed:
        raise UserError(
            f"config {cfg.filename} has no LoadFeature or LoadTextFeature in its pipelines, so there is nothing to "
            "compute"
        )
    return computed


def loading_workers() -> int:
    """Return how many processes load images while all cores encode: one on two to seven cores, none on a single one.

    Encoding takes several times as long as loading, so a quarter of the cores loads fast enough.
    """
    cores = available_cores()
    return max(1, cores // 4) if cores > 1 else 0


def _compute(step: Mapping[str, Any], dataset: Any, workers: int, progress: bool) -> tuple[str, int]:
    samples = (dataset.get_data_info(index) for index in range(len(dataset)))
    options = {key: value for key, value in step.items() if key not in ("type", "train")}
    if type_name(step) == "LoadTextFeature":
        texts = TextFeatureStore(**options)
        return str(texts.path), texts.compute((sample["ocr"] for sample in samples), progress)
    images = FeatureStore(**options)
    paths = list(dict.fromkeys(sample["img_path"] for sample in samples))
    return str(images.path), images.compute(paths, bool(step.get("train")), workers, progress)


def load_steps(config: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the configs of ``LoadFeature`` and ``LoadTextFeature`` in (nested) configs."""
    if isinstance(config, Mapping):
        if type_name(config) in ("LoadFeature", "LoadTextFeature"):
            yield config
        config = list(config.values())
    if isinstance(config, list | tuple):
        for item in config:
            yield from load_steps(item)
