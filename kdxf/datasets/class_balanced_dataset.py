"""Repetition of rare classes."""

import numpy as np
from mmengine.dataset import ClassBalancedDataset as HostClassBalancedDataset

from kdxf.datasets.ocr_text_dataset import OCRTextDataset
from kdxf.registry import DATASETS


@DATASETS.register_module()
class ClassBalancedDataset(HostClassBalancedDataset):
    """Dataset that repeats the samples of rare classes.

    A class with the fraction f of the samples is repeated ``ceil(sqrt(oversample_thr / f))`` times, as in mmengine's
    wrapper (A. Gupta, P. Dollár, R. Girshick: LVIS, CVPR 2019, section 5.1), but with the indices in one array: a list
    of a million of them is copied into every loader worker as soon as its reference counts are touched.

    Args:
        dataset: The dataset to balance, or its config.
        oversample_thr: Classes with at least this fraction of the samples are not repeated.
        lazy_init: Whether to read the annotations later.
    """

    repeat_indices: np.ndarray  # type: ignore[assignment]  # mmengine's is a list

    def full_init(self) -> None:
        """Read the annotations and count the classes."""
        if self._fully_initialized:
            return
        self.dataset.full_init()
        repeats = np.ceil(self._factors()).astype(np.int64)
        self.repeat_indices = np.repeat(np.arange(len(repeats)), repeats)
        self._fully_initialized = True

    def _factors(self) -> np.ndarray:
        """Return the factor of each sample, float64 (n,), that of its rarest class."""
        dataset = self.dataset
        if not isinstance(dataset, OCRTextDataset):  # one of the host, which has its labels in Python objects
            return np.asarray(self._get_repeat_factors(dataset, self.oversample_thr))
        rows, classes = dataset.labels_by_row()
        counts = np.bincount(classes)
        factors = np.ones(len(dataset))
        np.maximum.at(factors, rows, np.sqrt(self.oversample_thr / (np.maximum(counts, 1) / len(dataset)))[classes])
        return factors

    def _get_ori_dataset_idx(self, idx: int) -> int:
        return int(self.repeat_indices[idx])
