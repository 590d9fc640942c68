"""The baselines on the lists of a config, for reports of models that were trained on them."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from mmengine.config import Config

import kdxf.datasets  # noqa: F401  (registers)
from kdxf.analysis.baselines import (
    IMAGE,
    LabelledImages,
    fit_baselines,
    image_features,
    installed_backbone,
)
from kdxf.apis.stages import last_stage
from kdxf.engine.config import building, leaf_dataset
from kdxf.errors import UserError
from kdxf.registry import DATASETS
from kdxf_runtime.io.digests import settings_digest
from kdxf_runtime.io.files import read_json, write_json

LARGEST = 20_000
"""Images of a training list; for a longer one the features alone would take hours on a few cores."""


def baselines_of_config(cfg: Config, folder: Path, workers: int) -> pd.DataFrame:
    """Fit the baselines on the training list of a config, and test them on its validation list.

    Args:
        cfg: A config with ``train_dataloader`` and ``val_dataloader``; of one with stages the last counts.
        folder: Keeps the features and the result, so that a second call with the same lists takes seconds.
        workers: Processes that load images.

    Returns:
        A row per baseline: ``name`` and ``top-1`` in percent. The image is called 'image (HOG and colours)' where no
        ImageNet weights are installed.

    Raises:
        UserError: An image of the lists has no label or several, there is one class only, or there are more than
            :data:`LARGEST` images to train on.
    """
    cfg, backbone = last_stage(cfg), installed_backbone()
    lists = {name: read_list_of_config(cfg, name) for name in ("train", "val")}
    if len(lists["train"].images) > LARGEST:
        raise UserError(
            f"the training list has more than {LARGEST:,} images; tools/analysis/baselines.py takes a shorter list"
        )
    known, file = settings_digest([list(map(asdict, lists.values())), backbone]), folder / "baselines.json"
    kept = read_json(file) or {}
    if known not in kept:
        train, val = (with_features(part, folder, workers) for part in lists.values())
        found = fit_baselines(train, val, lists["train"].classes)
        top1 = {one.name: 100 * float((one.predictions.scores.argmax(axis=1) == val.labels).mean()) for one in found}
        kept[known] = top1
        write_json(kept, file)
    names = [f"{name} (HOG and colours)" if name == IMAGE and backbone is None else name for name in kept[known]]
    return pd.DataFrame({"name": names, "top-1": list(kept[known].values())})


@dataclass(frozen=True)
class LabelledList:
    """What a labelled list of a config says of its n images.

    Attributes:
        images: n paths of files.
        labels: n class indices.
        texts: The lines of each image, joined by spaces, in lower case; '' where none were read.
        classes: K names.
        root: The folder that the paths in the list start at; '' where it is not known.
    """

    images: list[str]
    labels: list[int]
    texts: list[str]
    classes: list[str]
    root: str = ""


def read_list_of_config(cfg: Config, which: str) -> LabelledList:
    """Read the list of a data loader.

    Args:
        cfg: The config.
        which: ``'train'``, ``'val'`` or ``'test'``.

    Raises:
        UserError: It cannot be read, or an image has no label or several.
    """
    with building(cfg):
        dataset = DATASETS.build({**leaf_dataset(cfg[f"{which}_dataloader"]), "pipeline": []})
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    labels = [info.get("gt_label") for info in infos]
    if not all(isinstance(label, int | np.integer) for label in labels):
        raise UserError(f"the {which} list has images without a label or with several")
    return LabelledList(
        [info["img_path"] for info in infos],
        [int(label) for label in labels],
        [" ".join(info["ocr"].texts).casefold() if "ocr" in info else "" for info in infos],
        list(dataset.metainfo["classes"]),
        dataset.img_prefix,
    )


def with_features(found: LabelledList, folder: Path, workers: int) -> LabelledImages:
    """Add features of a frozen ImageNet model, or HOG and colours where no weights are installed.

    Args:
        found: The list.
        folder: Keeps the features of the frozen model.
        workers: Processes that load images.
    """
    features = image_features([Path(image) for image in found.images], folder / "features", workers)
    return LabelledImages(found.images, np.array(found.labels, np.int64), found.texts, features)
