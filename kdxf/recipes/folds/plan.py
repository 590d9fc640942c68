"""Plan of a cross-validation: the config, lists and settings of each fold."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from kdxf.apis.stages import last_stage, plan_stages, training_files
from kdxf.engine.config import config_digest, leaf_dataset, load_config, set_list
from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations
from kdxf.io.predictions import check_each_once
from kdxf.io.run_record import check_unchanged
from kdxf_runtime.io.digests import file_digest, settings_digest
from kdxf_runtime.io.files import read_json, write_json

SETTINGS = "settings.json"
RESULT = "result.json"
_LISTS = {"train_dataloader": "train.csv", "val_dataloader": "val.csv"}


@dataclass(frozen=True)
class Fold:
    """One fold of a cross-validation.

    Attributes:
        number: Its number, from 0.
        cfg: The config that trains on its ``train.csv`` and validates on its ``val.csv``.
        lists: Its folder of lists.
        settings: Digests of everything that decides its result, by the user's names for it. No paths are among them,
            so that folders may be moved.
        files: Fingerprints of the other files that the config names for the training
            (:func:`kdxf.apis.stages.training_files`).
    """

    number: int
    cfg: Config
    lists: Path
    settings: Mapping[str, Any]
    files: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Folder of weights, logs and predictions, :data:`SETTINGS` and, when it is trained, :data:`RESULT`."""
        return Path(self.cfg.work_dir)

    @property
    def digest(self) -> str:
        """Digest of :attr:`settings`."""
        return settings_digest(self.settings)

    def check_settings(self) -> None:
        """Check that the contents of the folder were made with these settings and files.

        Raises:
            UserError: They were not.
        """
        check_unchanged(self.folder, "fold", read_json(self.folder / SETTINGS), self.settings, self.files)

    def write_settings(self) -> None:
        """Write the settings into the folder, before anything else is written to it."""
        path = self.folder / SETTINGS
        noted = read_json(path) or {}  # it keeps the files that were here before and are not now
        write_json({**noted, **self.settings, **self.files}, path)


def plan_folds(
    config: str | Path,
    folds: str | Path,
    work_dir: str | Path,
    options: Mapping[str, Any] | None = None,
    *,
    seed: int | None = None,
    amp: bool = False,
) -> list[Fold]:
    """Make the config of every fold.

    Args:
        config: A config file, with or without ``stages``.
        folds: Folder with ``fold_<K>/train.csv`` and ``val.csv``.
        work_dir: Gets a folder ``fold_<K>`` for each.
        options: ``--cfg-options``.
        seed, amp: As of :func:`kdxf.apis.train.train`; they are among the settings.

    Raises:
        UserError: The config cannot be used or has no validation, a list is missing, an image is validated by two
            folds, twice by one or is in both lists of one, or a stage trains on a list of its own.
    """
    cfg = load_config(config, options)
    if any(last_stage(cfg).get(name) is None for name in ("val_dataloader", "val_cfg", "val_evaluator")):
        raise UserError(f"config {config} has no validation set to predict: it needs val_dataloader, val_evaluator")
    folders = _fold_folders(Path(folds))
    _check_lists(folders)
    digest = config_digest(cfg)
    plan = []
    for number, folder in folders.items():
        own = copy.deepcopy(cfg)
        own.work_dir, own.resume = str(Path(work_dir, folder.name)), False
        for loader, name in _LISTS.items():
            set_list(own, loader, folder / name, "--folds")
        _check_stages(own, folder)
        lists = {name: file_digest(folder / name) for name in _LISTS.values()}
        settings = {"the config": digest, **lists, "--seed": seed, "--amp": amp}
        files = {name: digest for name, digest in training_files(own).items() if name != "ann_file"}
        plan.append(Fold(number, own, folder, settings, files))
    return plan


def _fold_folders(folds: Path) -> dict[int, Path]:
    folders = {int(path.name[5:]): path for path in folds.glob("fold_*") if path.name[5:].isdecimal()}
    if not folders:
        raise UserError(f"{folds}: has no folders fold_0, fold_1, ...; tools/data/kfold.py --lists makes them")
    for path in folders.values():
        for name in _LISTS.values():
            if not (path / name).is_file():
                raise UserError(f"{path}: there is no {name}; tools/data/kfold.py --lists writes both lists")
    return dict(sorted(folders.items()))


def _check_lists(folders: Mapping[int, Path]) -> None:
    """Check that every image is predicted by one model, which is not trained on it."""
    validated: dict[str, Path] = {}
    for folder in folders.values():
        images = {name: read_annotations(folder / name, empty_labels=True)["image"] for name in _LISTS.values()}
        check_each_once(images["val.csv"].tolist(), folder / "val.csv")
        train, val = map(set, images.values())
        if both := train & val:
            raise UserError(
                f"{folder}: {min(both)} stands in train.csv and in val.csv; a fold must not see what it predicts"
            )
        for image in sorted(val):
            if image in validated:
                raise UserError(f"{folder} and {validated[image]} both validate {image}; folds must not overlap")
            validated[image] = folder


def _check_stages(cfg: Config, folder: Path) -> None:
    """Check that the stages use the lists of the fold too."""
    for stage in plan_stages(cfg) if cfg.get("stages") else []:
        for loader, name in _LISTS.items():
            dataset: Any = leaf_dataset(stage.cfg[loader]) if stage.cfg.get(loader) else {}
            if dataset and dataset.get("ann_file") != str((folder / name).absolute()):
                raise UserError(
                    f"--folds: the stage {stage.name!r} has another list in its {loader}, where images of other folds "
                    "may stand; leave its ann_file out"
                )


def chosen_folds(plan: Sequence[Fold], numbers: Sequence[int]) -> list[Fold]:
    """Return the folds of these numbers, in their order; all folds for no numbers.

    Raises:
        UserError: There is no such fold.
    """
    known = {fold.number: fold for fold in plan}
    if unknown := [number for number in numbers if number not in known]:
        raise UserError(f"--fold {unknown[0]}: there are the folds {', '.join(map(str, known))}")
    return [known[number] for number in dict.fromkeys(numbers)] or list(plan)
