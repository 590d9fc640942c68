"""The baselines on the lists of a config, for reports of models that were trained on them."""

from pathlib import Path

import numpy as np
import pandas as pd
from mmengine.config import Config, ConfigDict

import kdxf.datasets  # noqa: F401  (registers)
from kdxf.analysis.baselines import (
    IMAGE,
    LabelledImages,
    fit_baselines,
    frozen_features,
    installed_backbone,
    plain_features,
    unit_rows,
)
from kdxf.apis.stages import last_stage
from kdxf.data.parallel import parallel_map
from kdxf.engine.config import building, leaf_dataset
from kdxf.errors import UserError
from kdxf.io.digests import settings_digest
from kdxf.io.files import read_json, write_json
from kdxf.registry import DATASETS

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
    cfg = last_stage(cfg)
    backbone = installed_backbone()
    with building(cfg):
        lists = {name: _read(leaf_dataset(cfg[f"{name}_dataloader"]), name) for name in ("train", "val")}
    if len(lists["train"][0]) > LARGEST:
        raise UserError(
            f"the training list has more than {LARGEST:,} images; tools/analysis/baselines.py takes a shorter list"
        )
    known, file = settings_digest([lists, backbone]), folder / "baselines.json"
    kept = read_json(file) or {}
    if known not in kept:
        encode = None if backbone is None else frozen_features(backbone, folder / "features", workers)
        train, val = (
            LabelledImages(
                images,
                np.array(labels, np.int64),
                texts,
                unit_rows(
                    np.stack(list(parallel_map(plain_features, [Path(image) for image in images], workers, "images")))
                    if encode is None
                    else encode(images)
                ),
            )
            for images, labels, texts, _ in lists.values()
        )
        found = fit_baselines(train, val, lists["train"][3])
        top1 = {one.name: 100 * float((one.predictions.scores.argmax(axis=1) == val.labels).mean()) for one in found}
        kept[known] = top1
        write_json(kept, file)
    names = [f"{name} (HOG and colours)" if name == IMAGE and backbone is None else name for name in kept[known]]
    return pd.DataFrame({"name": names, "top-1": list(kept[known].values())})


def _read(settings: ConfigDict, which: str) -> tuple[list[str], list[int], list[str], list[str]]:
    """Return the paths of a dataset's images, their class indices, their texts in lower case, and the class names."""
    dataset = DATASETS.build({**settings, "pipeline": []})
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    labels = [info.get("gt_label") for info in infos]
    if not all(isinstance(label, int | np.integer) for label in labels):
        raise UserError(f"the {which} list has images without a label or with several")
    texts = [" ".join(info["ocr"].texts).casefold() if "ocr" in info else "" for info in infos]
    return (
        [info["img_path"] for info in infos],
        [int(label) for label in labels],
        texts,
        list(dataset.metainfo["classes"]),
    )
