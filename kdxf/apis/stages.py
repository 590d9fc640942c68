"""Training in stages, each from the weights of the one before."""

import copy
import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import barrier, is_main_process

from kdxf.engine.config_files import config_contents
from kdxf.errors import UserError
from kdxf.io.run_record import CONFIG_OR_OPTIONS, TrainResult, check_unchanged, last_checkpoint
from kdxf_runtime.io.digests import settings_digest

RESULT = "result.json"
# Keys that a stage must not set.
_RESERVED = ("stages", "work_dir", "resume")


@dataclass(frozen=True)
class Stage:
    """One stage of a config.

    Attributes:
        name: Its name.
        cfg: The whole config of the stage; its ``work_dir`` is ``<work_dir>/<number>_<name>``.
        settings: Digest of what decides its result: config and options of the run, but not its folder.
        names_weights: Whether the stage sets its own initial weights (``load_from``).
    """

    name: str
    cfg: Config
    settings: str
    names_weights: bool

    @property
    def folder(self) -> Path:
        """Folder of its weights, its log and, when it is finished, :data:`RESULT`."""
        return Path(self.cfg.work_dir)


def last_stage(cfg: Config) -> Config:
    """Return the config of the last stage, or the config itself where it has no stages.

    The work folder stays the config's.

    Raises:
        UserError: The stages cannot be used.
    """
    if not cfg.get("stages"):
        return cfg
    final = plan_stages(cfg)[-1].cfg
    final.work_dir = cfg.work_dir
    return final


def plan_stages(cfg: Config, options: Mapping[str, Any] | None = None) -> list[Stage]:
    """Make the config of every stage.

    Each entry of ``cfg.stages`` has a ``name``; its other keys are merged over the rest of the config, as a config
    over its ``_base_`` (dotted keys and ``_delete_`` included), not over the stage before.

    Args:
        cfg: A config with ``stages``; not changed.
        options: Further settings of the run that decide its result, such as the seed.

    Raises:
        UserError: A stage has no name of its own that can name a folder, sets a key that only the config may set, or
            does not fit the config.
    """
    stages: list[Stage] = []
    for number, entry in enumerate(cfg.stages, start=1):
        own = dict(copy.deepcopy(entry)) if isinstance(entry, Mapping) else {}
        name = own.pop("name", None)
        if not isinstance(name, str) or not name or Path(name).name != name:
            raise UserError(f"stages: stage {number} needs a name that can name a folder, such as name='warm-up'")
        if name in [stage.name for stage in stages]:
            raise UserError(f"stages: there are two stages {name!r}; give each a name of its own")
        if reserved := [key for key in _RESERVED if key in own]:
            raise UserError(f"stages: stage {name!r} sets {reserved[0]}, which only the config itself may set")
        merged = _merge(cfg, name, own)
        names_weights = "load_from" in own or number == 1
        if not names_weights:
            merged.load_from = None
        content = {key: value for key, value in merged.to_dict().items() if key not in _RESERVED}
        merged.work_dir = str(Path(cfg.work_dir, f"{number}_{name}"))
        stages.append(Stage(name, merged, settings_digest([content, options or {}]), names_weights))
    return stages


def train_stages(
    cfg: Config, run: Callable[[Config], TrainResult], *, resume: bool, options: Mapping[str, Any]
) -> TrainResult:
    """Train the stages that are not finished yet.

    A stage starts from the best weights of the one before (the last where nothing is validated), or from its own
    ``load_from``. When it is finished, its folder gets :data:`RESULT`.

    Args:
        cfg: A config with ``stages`` (:func:`plan_stages`).
        run: Trains one config, which is resumed where its folder has a checkpoint and ``resume`` is set.
        resume: Skip finished stages, and continue the unfinished one.
        options: As of :func:`plan_stages`.

    Returns:
        The result of the last stage, with the seconds of all; an unfinished one where a ``BudgetHook`` ended it.

    Raises:
        UserError: A stage cannot be used, was finished with other settings, or exists already without ``resume``.
    """
    stages = plan_stages(cfg, options)
    results = _finished(stages, resume)
    for number, stage in enumerate(stages, start=1):
        title = f"stage {number} of {len(stages)}, {stage.name}"
        if number <= len(results):
            _say(f"{title}: finished already ({stage.folder / RESULT})")
            continue
        if not stage.names_weights:
            stage.cfg.load_from = str(_weights(stages[number - 2], results[-1]))
        start = (last_checkpoint(stage.folder) if resume else None) or stage.cfg.get("load_from")
        _say(f"{title}: from {start or 'its init_cfg'}, into {stage.folder}")
        result = run(stage.cfg)
        results.append(result)
        if not result.finished:
            break
        if is_main_process():
            result.write(stage.folder / RESULT, stage.settings)
        barrier()  # the other processes read the weights that the main one has written
        gc.collect()  # models and loaders refer to themselves; let this one go before the next is made
    return replace(results[-1], seconds=sum(result.seconds for result in results))


def _merge(cfg: Config, name: str, own: Mapping[str, Any]) -> Config:
    merged = copy.deepcopy(cfg)
    merged.pop("stages")
    for key, value in own.items():
        try:
            merged.merge_from_dict({key: value})
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            raise UserError(f"stages: {key} of stage {name!r} does not fit the config: {error}") from error
    return merged


def _finished(stages: list[Stage], resume: bool) -> list[TrainResult]:
    """Read the results of the stages that are finished, which come first."""
    results = []
    for stage in stages:
        path = stage.folder / RESULT
        if not path.is_file():
            break
        result, settings = TrainResult.read(path)
        if not resume:
            raise UserError(
                f"{stage.folder} holds a finished stage: add --resume to go on after it, or remove "
                f"{stage.folder.parent} or choose another --work-dir to begin anew"
            )
        noted, present = {CONFIG_OR_OPTIONS: settings}, {CONFIG_OR_OPTIONS: stage.settings}
        check_unchanged(stage.folder, "stage", noted, present, remove="it and the stages after it")
        results.append(result)
    for stage in stages[len(results) + 1 :]:
        if (stage.folder / RESULT).is_file() or last_checkpoint(stage.folder) is not None:
            raise UserError(
                f"{stage.folder} holds a run, but the stage before it is not finished; remove it, or choose another "
                "--work-dir"
            )
    return results


def _weights(stage: Stage, result: TrainResult) -> Path:
    weights = result.best_checkpoint or result.checkpoint
    if weights is None:
        raise UserError(f"{stage.folder}: nothing was saved; default_hooks.checkpoint must save the last epoch")
    return weights


def _say(text: str) -> None:
    if is_main_process():
        print(text, flush=True)


_NAMING = ("train_dataloader", "val_dataloader", "model", "load_from", "custom_hooks")


def training_files(cfg: Config) -> dict[str, str]:
    """Return the fingerprints of the files that a config names for training and validation, in all its stages.

    Returns:
        The keys that lead to the files, such as ``ann_file``, and a fingerprint of each
        (:func:`kdxf.engine.config_files.config_contents`).

    Raises:
        UserError: A list or an OCR table cannot be read, or the stages cannot be planned.
    """
    stages = [stage.cfg for stage in plan_stages(cfg)] if cfg.get("stages") else [cfg]
    return config_contents({str(index): {name: cfg.get(name) for name in _NAMING} for index, cfg in enumerate(stages)})
