"""The dataset of images that carry text: an annotation file joined with an OCR table."""

import inspect
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd
import pyarrow as pa
from mmengine.dataset import force_full_init
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset

from kdxf.data.table.fit import pick_columns
from kdxf.datasets.labels import lists_of, read_multi_labels, read_weights
from kdxf.datasets.sample_rows import SampleRows
from kdxf.datasets.soft_labels import SoftLabels, read_soft_labels
from kdxf.datasets.transforms import LookUpWordVectors, TokenizeOCR
from kdxf.errors import UserError
from kdxf.io.annotations import label_indices, read_annotations, read_classes
from kdxf.io.predictions import multi_hot
from kdxf.registry import DATASETS
from kdxf.text.ocr.changes import warning_of_changes
from kdxf.text.ocr.table import OCRTable
from kdxf.text.registry import TOKENIZERS
from kdxf_runtime.io.shard_members import prepare

# So many files of a list are compared with what the OCR table remembers of them, before training begins.
_LOOKED_AT = 20_000

# The open tables: the training and the validation set often use the same one.
_open_tables: WeakValueDictionary[tuple[str, int], OCRTable] = WeakValueDictionary()


@DATASETS.register_module()
class OCRTextDataset(BaseDataset):
    """Dataset of images with labels and with the text that OCR read in them.

    A sample enters the pipeline with ``img_path``, ``gt_label`` (unless the file is unlabelled),
    ``ocr`` (:class:`~kdxf.text.ocr.OCRRecord`) and ``sample_idx``. An image without a row in the OCR table is an
    image without text; how many there are is logged once, and how many have changed since they were read.

    A column ``weight`` of the CSV (numbers >= 0) becomes ``sample_weight``: the loss of a sample is multiplied by it,
    while the mean is still over the number of samples, so that a weight of 2 counts double. With soft labels a
    sample also has ``gt_score``, the target of training; the label stays for class balancing and metrics.

    With ``columns`` a sample has these cells of its row as ``columns``, texts as written by the names of the columns,
    None for an empty cell; ``EncodeTable`` turns them into numbers.

    An image may lie in a plain tar shard, as OCR names it: ``shards/000.tar/cat/1.jpg``. Where the members of the
    shards lie is found once, before the loader's workers are forked.

    All relative paths start at ``data_root``.

    Args:
        ann_file: CSV with the columns ``image`` and ``label``, or MMPretrain's ``path label`` lines; see
            :func:`kdxf.io.annotations.read_annotations`. Without labels the dataset is for prediction.
        ocr_file: The OCR table (a Parquet file or a folder of parts), its ``image`` relative to ``data_prefix``.
            Without it the text is the CSV's column ``text``, or there is none.
        classes: The class names, or the file that lists them. Labels may be names or indices; see
            :func:`kdxf.io.annotations.label_indices`. Defaults to ``classes.txt`` next to ``ann_file``.
        fraction: The fraction of the rows to use, for a quick trial: the same fraction of every class, evenly spread
            over the file.
        multi_label: Whether an image may belong to several classes, or to none; ``gt_label`` is then a list. For the
            forms of labels see :func:`kdxf.datasets.labels.read_multi_labels`.
        soft_label_file: A file of predictions (:mod:`kdxf.io.predictions`) to learn from. A labelled row that it lacks
            is trained on its label alone; how many there are is logged. An unlabelled list uses the most probable
            classes of the soft labels as its labels (pseudo-labels), for class balancing.
        ground_truth_ratio: The target is ``ground_truth_ratio * truth + (1 - ground_truth_ratio) * soft label``; by
            default 0.7. An unlabelled list uses 0. Files of ``tools/recipes/soft_labels.py`` and ``pseudo_label.py
            --soft`` hold finished targets, which are used as they are; leave this out with them.
        shuffle_texts: A seed: each image gets the text of another one (:func:`shuffled_rows`), to see whether a model
            uses the text at all, and how much harm a wrong one does.
        columns: Further columns of the CSV that are handed on, such as ``["price", "shop"]``.
        data_root: Where relative paths start.
        data_prefix: The image root.
        **kwargs: ``pipeline``, ``test_mode``, ``indices``, ``metainfo`` and the others of MMPretrain's ``BaseDataset``.
            ``serialize_data`` has no effect: the rows are shared by the loader's workers in any case.

    Raises:
        UserError: A file is missing or malformed, one of ``columns`` is not there, a label is not a class, ``fraction``
            is not in (0, 1], a weight is negative, or the soft labels are those of other classes, of other images, of a
            model that was trained on the images (in a test), or missing although ``ground_truth_ratio`` is given; or a
            tar shard is compressed or broken.
    """

    def __init__(
        self,
        ann_file: str,
        ocr_file: str | None = None,
        classes: str | Sequence[str] | None = None,
        fraction: float = 1.0,
        multi_label: bool = False,
        soft_label_file: str | None = None,
        ground_truth_ratio: float | None = None,
        shuffle_texts: int | None = None,
        columns: Sequence[str] = (),
        data_root: str = "",
        data_prefix: str | dict = "",
        **kwargs: Any,
    ) -> None:
        if not 0 < fraction <= 1:
            raise UserError(f"OCRTextDataset: fraction is {fraction}; give a part of the rows, above 0 and at most 1")
        if soft_label_file is not None and kwargs.get("test_mode"):
            raise UserError(
                f"OCRTextDataset: soft_label_file={soft_label_file!r} is for training; remove it where test_mode=True"
            )
        if ground_truth_ratio is not None and soft_label_file is None:
            raise UserError(
                f"OCRTextDataset: ground_truth_ratio={ground_truth_ratio} mixes the labels with soft labels, but there "
                "is no soft_label_file; name one, or leave the ratio out"
            )
        data_root = os.path.expanduser(data_root)
        self.ocr_file = None if ocr_file is None else os.path.join(data_root, os.path.expanduser(ocr_file))
        self.fraction = fraction
        self.multi_label = multi_label
        self.soft_label_file = soft_label_file and os.path.join(data_root, os.path.expanduser(soft_label_file))
        self.ground_truth_ratio = ground_truth_ratio
        self.shuffle_texts = shuffle_texts
        self.columns = tuple(columns)
        if classes is None or isinstance(classes, str):
            classes_file = classes or os.path.join(os.path.dirname(ann_file), "classes.txt")
            classes = read_classes(os.path.join(data_root, os.path.expanduser(classes_file)))
        kwargs["serialize_data"] = False
        if multi_label:
            kwargs["metainfo"] = {**(kwargs.get("metainfo") or {}), "multi_label": True}
        super().__init__(ann_file, data_root=data_root, data_prefix=data_prefix, classes=list(classes), **kwargs)
        warn_of_other_tokenizer(self.pipeline.transforms)

    def load_data_list(self) -> SampleRows:
        """Read the annotation file and join it with the OCR table, by image."""
        frame = read_annotations(self.ann_file, empty_labels=self.multi_label, as_written=self.columns)
        labels = self._labels(frame)
        if self.fraction < 1:
            picked = _spread(len(frame), labels, self.fraction)
            frame, labels = frame.iloc[picked], None if labels is None else labels.take(picked)
        soft_labels = self._soft_labels(frame, labelled=labels is not None)
        if soft_labels is not None and labels is None:
            favoured = soft_labels.favoured(self.multi_label)
            labels = lists_of(favoured) if self.multi_label else favoured
        weights = read_weights(frame["weight"], self.ann_file) if "weight" in frame else None
        columns = None
        if self.columns:
            picked_columns = pick_columns(frame, self.columns, self.ann_file)
            columns = {name: pa.chunked_array([pa.array(picked_columns[name], pa.string())]) for name in self.columns}
        images, texts, table, table_rows = _arrow(frame["image"]), None, None, None
        if self.ocr_file is not None:
            table = _open_table(self.ocr_file)
            table_rows = table.rows_of(images)
            self._report_missing(frame["image"], table_rows < 0)
            self._report_changed(frame["image"], table, table_rows)
        elif "text" in frame:
            texts = _arrow(frame["text"])
        if self.shuffle_texts is not None:
            others = shuffled_rows(len(frame), self.shuffle_texts)
            texts = None if texts is None else texts.take(pa.array(others))
            table_rows = None if table_rows is None else table_rows[others]
        pa.default_memory_pool().release_unused()  # otherwise Arrow keeps the memory that it used for reading
        prefix = os.path.join(self.img_prefix, "")
        rows = SampleRows(images, prefix, labels, texts, table, table_rows, weights, soft_labels, columns)
        prepare(rows.shard_starts())
        return rows

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """Return the sample of row ``idx`` as it enters the pipeline."""
        return {**self.data_list[idx], "sample_idx": idx if idx >= 0 else len(self) + idx}

    @force_full_init
    def get_gt_labels(self) -> np.ndarray:
        """Return the class index of every row, int64 (n,); with ``multi_label`` uint8 (n, K), 1 for its classes.

        Raises:
            UserError: The rows are unlabelled.
        """
        labels = self._known_labels()
        return multi_hot(labels, len(self.metainfo["classes"])).view(np.uint8) if self.multi_label else labels

    @force_full_init
    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the class indices of row ``idx``, for ``ClassBalancedDataset``.

        Raises:
            UserError: The rows are unlabelled.
        """
        label = self._known_labels()[idx]
        return label.as_py() if self.multi_label else [int(label)]

    @force_full_init
    def labels_by_row(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the labels of all rows: rows, int64 (m,) in rising order, and a class index of each, int64 (m,).

        With ``multi_label`` a row stands there once for each of its classes.

        Raises:
            UserError: The rows are unlabelled.
        """
        labels = self._known_labels()
        if isinstance(labels, np.ndarray):
            return np.arange(len(labels)), labels
        counts = labels.value_lengths().to_numpy(zero_copy_only=False)
        return np.repeat(np.arange(len(labels)), counts), labels.flatten().to_numpy()

    def _get_unserialized_subset(self, indices: int | Sequence[int]) -> SampleRows:
        if isinstance(indices, int):
            return super()._get_unserialized_subset(indices)
        return self.data_list.take(indices)

    def _known_labels(self) -> np.ndarray | pa.ListArray:
        if self.data_list.labels is None:
            raise UserError(f"{self.ann_file}: has no labels; training and class balancing need the column 'label'")
        return self.data_list.labels

    def _labels(self, frame: pd.DataFrame) -> np.ndarray | pa.ListArray | None:
        if self.multi_label:
            return read_multi_labels(frame, self.metainfo["classes"], self.ann_file)
        if "label" not in frame:
            return None
        codes, written = pd.factorize(frame["label"])
        return np.array(label_indices(written, self.metainfo["classes"], self.ann_file))[codes]

    def _soft_labels(self, frame: pd.DataFrame, labelled: bool) -> SoftLabels | None:
        if self.soft_label_file is None:
            return None
        return read_soft_labels(
            self.soft_label_file,
            frame["image"].tolist(),
            self.metainfo["classes"],
            self.ground_truth_ratio,
            multi_label=self.multi_label,
            labelled=labelled,
            source=self.ann_file,
        )

    def _report_missing(self, images: pd.Series, missing: np.ndarray) -> None:
        if missing.any():
            print_log(
                f"{missing.sum()} of {len(images)} images of {self.ann_file} have no row in {self.ocr_file} (first: "
                f"{images.iloc[missing.argmax()]}); they count as images without text. To read them run tools/ocr.py "
                f"again, with the image root {self.img_prefix!r}",
                logger="current",
                level=logging.WARNING,
            )

    def _report_changed(self, images: pd.Series, table: OCRTable, rows: np.ndarray) -> None:
        if not is_main_process():
            return
        step = -(-len(images) // _LOOKED_AT)
        what = self.ann_file if step == 1 else f"{self.ann_file} (one in {step} was looked at)"
        names = images.iloc[::step].tolist()
        paths = [os.path.join(self.img_prefix, image) for image in names]
        if (line := warning_of_changes(table, names, paths, what, rows[::step])) is not None:
            print_log(line, logger="current", level=logging.WARNING)


def _arrow(column: pd.Series) -> pa.ChunkedArray:
    return pa.Table.from_pandas(column.to_frame("column"), preserve_index=False)["column"]


def _open_table(path: str) -> OCRTable:
    key = (os.path.realpath(path), os.stat(path).st_mtime_ns if os.path.exists(path) else 0)
    table = _open_tables.get(key)
    if table is None:
        table = _open_tables[key] = OCRTable.map(path)
    return table


def shuffled_rows(count: int, seed: int) -> np.ndarray:
    """Return for each of ``count`` rows another row, int64 (count,), each once; a single row keeps itself."""
    order = np.random.default_rng(seed).permutation(count)
    others = np.empty(count, np.int64)
    others[order] = np.roll(order, 1)
    return others


def _spread(count: int, labels: np.ndarray | pa.ListArray | None, fraction: float) -> np.ndarray:
    """Pick ``fraction`` of ``count`` rows at equal distances in the order of their classes; sorted int64."""
    picked = max(1, round(count * fraction))
    if isinstance(labels, pa.ListArray):
        labels, _ = pd.factorize(pd.Series(labels.to_pylist()).map(tuple))
    order = np.arange(count) if labels is None else np.argsort(labels, kind="stable")
    return np.sort(order[np.arange(picked) * count // picked])


# Options that do not change the words of a tokenizer.
_IRRELEVANT = ("cache_size",)


def warn_of_other_tokenizer(transforms: Sequence[Any]) -> None:
    """Warn in the log if a pipeline looks up word vectors that were trained with another tokenizer than its own.

    Words that are cut differently are not found, or composed from pieces, without any other sign. Converted vectors do
    not tell how their text was cut.

    Args:
        transforms: The pipeline's transforms, in order.
    """
    tokenizer: Mapping[str, Any] | None = None
    for transform in transforms:
        if isinstance(transform, TokenizeOCR):
            tokenizer = transform.tokenizer_cfg
        elif isinstance(transform, LookUpWordVectors) and tokenizer is not None:
            trained_with = transform.vectors.meta.tokenizer
            if trained_with is not None and _settings(trained_with) != _settings(tokenizer):
                print_log(
                    f"{transform.vectors.folder} was trained on words of {_written(trained_with)}, the config cuts "
                    f"with {_written(tokenizer)}: set the config's tokenizer, or train the vectors anew",
                    logger="current",
                    level=logging.WARNING,
                )


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a tokenizer's config by its defaults, if the tokenizer is registered."""
    kind = config["type"]
    tokenizer = TOKENIZERS.get(kind) if isinstance(kind, str) else kind
    parameters = {} if tokenizer is None else inspect.signature(tokenizer).parameters
    defaults = {name: item.default for name, item in parameters.items()}
    name = kind if isinstance(kind, str) else kind.__name__
    return {key: value for key, value in {**defaults, **config, "type": name}.items() if key not in _IRRELEVANT}


def _written(config: Mapping[str, Any]) -> str:
    arguments = ", ".join(f"{key}={value!r}" for key, value in config.items() if key != "type")
    return f"{config['type']}({arguments})"
