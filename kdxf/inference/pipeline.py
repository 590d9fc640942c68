"""Batches for the model from a list of images, by the config's test pipeline; no unreadable image stops it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose
from torch.utils.data import DataLoader, Dataset, Subset

from kdxf.datasets.collate import collate_function
from kdxf.datasets.transforms import BLANK_BGR
from kdxf.errors import UserError
from kdxf.inference.inputs import InputTexts
from kdxf.registry import TRANSFORMS
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.io.images import check_file
from kdxf_runtime.ocr.record import OCRRecord


def dataset_config(cfg: Config, loader: str = "test_dataloader") -> ConfigDict:
    """Return the config of a loader's dataset that has a pipeline, inside of any wrappers; of several, the first.

    Raises:
        UserError: The config has none.
    """
    dataset = (cfg.get(loader) or {}).get("dataset")
    while dataset is not None and "pipeline" not in dataset:
        dataset = dataset.get("dataset") or next(iter(dataset.get("datasets", ())), None)
    if dataset is None:
        raise UserError(f"config {cfg.filename} has no {loader}.dataset.pipeline, which says how images are prepared")
    return dataset


def pipeline_config(cfg: Config, tta: bool) -> list[dict]:
    """Return the configs of the transforms that prepare an image.

    Raises:
        UserError: The config has no test pipeline, or none for test-time augmentation.
    """
    if not tta:
        return dataset_config(cfg).pipeline
    if missing := [key for key in ("tta_model", "tta_pipeline") if cfg.get(key) is None]:
        raise UserError(f"--tta: config {cfg.filename} has no {missing[0]}; add it, or leave --tta out")
    return cfg.tta_pipeline


def needs_ocr(config: Any) -> bool:
    """Return whether a transform in a (nested) pipeline config takes the OCR record (``needs_ocr``, ``ocr_option``)."""
    return _needs(config, "needs_ocr")


def needs_table(config: Any) -> bool:
    """Return whether a transform in a (nested) pipeline config takes columns of a table (its ``needs_table``)."""
    return _needs(config, "needs_table")


def _needs(config: Any, attribute: str) -> bool:
    if isinstance(config, Mapping):
        kind = config.get("type")
        kind = TRANSFORMS.get(kind) if isinstance(kind, str) else kind
        by_option = attribute == "needs_ocr" and bool(config.get(getattr(kind, "ocr_option", "")))
        return (
            by_option
            or bool(getattr(kind, attribute, False))
            or any(_needs(value, attribute) for value in config.values())
        )
    return isinstance(config, list | tuple) and any(_needs(item, attribute) for item in config)


class InferenceDataset(Dataset):
    """Images and their texts, through a pipeline; an item is the packed sample, and the image's error or None.

    kdxf's ``LoadImage`` replaces an image that cannot be read by a blank one with an error. With MMPretrain's
    ``LoadImageFromFile`` this dataset does so.

    Args:
        images: The images.
        texts: Their texts; None if the pipeline needs none.
        pipeline: Configs of the transforms.
    """

    def __init__(self, images: Sequence[InputImage], texts: InputTexts | None, pipeline: Sequence[dict]) -> None:
        self.images = images
        self.texts = texts
        transforms = [TRANSFORMS.build(config) for config in pipeline]
        self.pipeline: Any = Compose(transforms)
        self.blank_pipeline: Any = Compose([_load_blank if isinstance(t, LoadImageFromFile) else t for t in transforms])
        self.can_blank = any(isinstance(t, LoadImageFromFile) for t in transforms)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[dict, str | None]:
        image = self.images[index]
        record = OCRRecord.empty(image.ocr_key) if self.texts is None else self.texts[index]
        results = {"img_path": image.path, "sample_idx": index, "ocr": record, "columns": image.columns or {}}
        try:
            if self.can_blank:  # MMPretrain's loading has no bounds
                check_file(image.path)
            packed = self.pipeline(dict(results))
        except Exception as error:
            if not self.can_blank:
                raise
            reason = " ".join(str(error).split()) or type(error).__name__
            return self.blank_pipeline(results), f"cannot be read: {reason}"
        sample = packed["data_samples"]
        sample = sample[0] if isinstance(sample, list) else sample  # a list of views
        return packed, sample.metainfo.get("error") or record.error


def iterate_batches(
    dataset: InferenceDataset | Subset, cfg: Config, batch_size: int, workers: int
) -> Iterator[tuple[dict, list[str | None]]]:
    """Yield batches in order, each with its images' errors.

    Args:
        dataset: The images, or some of them.
        cfg: Its ``test_dataloader.collate_fn`` makes the batches, by default mmengine's ``default_collate``.
        batch_size: N.
        workers: Loader processes, fewer where there are few batches.
    """
    yield from DataLoader(
        dataset,
        batch_size,
        num_workers=max(0, min(workers, math.ceil(len(dataset) / batch_size) - 1)),
        collate_fn=partial(_collate, collate_function(cfg.test_dataloader)),
        worker_init_fn=_start_worker,
    )


def _load_blank(results: dict) -> dict:
    image = np.full((224, 224, 3), BLANK_BGR, dtype=np.uint8)
    return {**results, "img": image, "img_shape": image.shape[:2], "ori_shape": image.shape[:2]}


def _collate(collate: Callable, items: list[tuple[dict, str | None]]) -> tuple[dict, list[str | None]]:
    return collate([packed for packed, _ in items]), [error for _, error in items]


def _start_worker(worker: int) -> None:
    cv2.setNumThreads(0)  # the workers themselves are the parallelism
