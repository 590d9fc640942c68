"""Training as a function."""

import copy
from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from kdxf.apis.config import set_loader_defaults
from kdxf.apis.config_errors import explaining_config_errors
from kdxf.engine.checkpoint import trusting_checkpoints
from kdxf.engine.dist import start_distributed
from kdxf.engine.runner import open_runner
from kdxf.errors import UserError


@dataclass(frozen=True)
class TrainResult:
    """What a training run came to.

    Attributes:
        metrics: The last validation's scores by name, such as ``accuracy/top1``; empty without validation.
        loss: The training loss, a mean over the last ``log_interval`` iterations or fewer.
        epoch: Epochs finished, in this run and in those that it resumed.
        checkpoint: The last checkpoint that was saved.
        best_checkpoint: The best one by the metric of ``CheckpointHook.save_best``.
    """

    metrics: dict[str, float]
    loss: float
    epoch: int
    checkpoint: Path | None
    best_checkpoint: Path | None


def train(
    cfg: Config,
    *,
    resume: bool | str | Path = False,
    amp: bool = False,
    validate: bool = True,
    auto_scale_lr: bool = False,
    pin_memory: bool = True,
    persistent_workers: bool = True,
    launcher: str = "none",
    seed: int | None = None,
    deterministic: bool = False,
    trust_checkpoint: bool = False,
) -> TrainResult:
    """Train the model of a config. It may be called again and again in one process.

    Where the weights come from, first match wins:

    1. ``resume`` (all state: weights, optimizer, schedulers, EMA, epoch), from the path or, where there is one, from
       the last checkpoint in ``work_dir``;
    2. ``cfg.load_from`` (weights only);
    3. ``init_cfg`` of the model's parts, else from scratch.

    Args:
        cfg: A config from :func:`kdxf.apis.load_config`; not changed.
        resume: True or ``'auto'`` continues from the last checkpoint in ``work_dir``, a path from that checkpoint.
        amp: Mixed precision: float16 with loss scaling on a GPU, bfloat16 on a CPU.
        validate: False leaves validation out.
        auto_scale_lr: Scale the learning rate by the batch size over ``cfg.auto_scale_lr.base_batch_size``.
        pin_memory: False never pins pages for the GPU.
        persistent_workers: False starts the loader workers anew in each epoch.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
        seed: Replaces ``cfg.randomness.seed``.
        deterministic: Take cuDNN's reproducible algorithms.
        trust_checkpoint: Load checkpoints that run code, see :mod:`kdxf.engine.checkpoint`.

    Raises:
        UserError: The config or a checkpoint cannot be used.
    """
    cfg = copy.deepcopy(cfg)
    if not validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if amp:
        _set_mixed_precision(cfg)
    if auto_scale_lr:
        _set_auto_scale_lr(cfg)
    if resume or cfg.get("resume"):
        _set_resume(cfg, resume)
    randomness = {"seed": None, **cfg.get("randomness", {})}
    cfg.randomness = {
        **randomness,
        "seed": randomness["seed"] if seed is None else seed,
        "deterministic": deterministic or randomness.get("deterministic", False),
    }
    set_loader_defaults(cfg, pin_memory=pin_memory, persistent_workers=persistent_workers)
    start_distributed(cfg, launcher)
    with trusting_checkpoints(trust_checkpoint), explaining_config_errors(), open_runner(cfg) as runner:
        runner.train()
        return _result(runner)


def _set_resume(cfg: Config, resume: bool | str | Path) -> None:
    """Name the checkpoint to resume from; mmengine alone would forget ``load_from`` where there is none yet."""
    if resume in (False, True, "auto"):
        # With `resume = True` in the config, mmengine takes `load_from` as the checkpoint to resume from.
        named = cfg.get("load_from") if resume is False else None
        found = named or last_checkpoint(Path(cfg.work_dir))
    else:
        found = resume
    cfg.resume = found is not None
    if found is not None:
        cfg.load_from = str(found)


def last_checkpoint(work_dir: Path) -> Path | None:
    """The checkpoint that a run in this folder would resume from.

    It is the one that ``last_checkpoint`` names, looked for beside that file too (a folder may have been moved), else
    the newest ``epoch_*.pth`` or ``iter_*.pth``.
    """
    note = work_dir / "last_checkpoint"
    if note.is_file():
        named = Path(note.read_text(encoding="utf-8").strip())
        for path in (named, work_dir / named.name):
            if path.is_file():
                return path
    saved = [path for pattern in ("epoch_*.pth", "iter_*.pth") for path in work_dir.glob(pattern)]
    return max(saved, key=lambda path: path.stat().st_mtime, default=None)


def _set_mixed_precision(cfg: Config) -> None:
    wrapper = cfg.optim_wrapper
    kind = wrapper.get("type", "OptimWrapper")
    name = kind if isinstance(kind, str) else kind.__name__
    if name.endswith(("AmpOptimWrapper", "AutocastOptimWrapper")):
        return
    if name.rpartition(".")[2] != "OptimWrapper":
        raise UserError(f"--amp cannot be combined with optim_wrapper.type={name!r}, only with OptimWrapper")
    if torch.cuda.is_available():
        wrapper.type = "AmpOptimWrapper"
        wrapper.setdefault("loss_scale", "dynamic")
    else:
        wrapper.type = "kdxf.AutocastOptimWrapper"


def _set_auto_scale_lr(cfg: Config) -> None:
    if "base_batch_size" not in (cfg.get("auto_scale_lr") or {}):
        raise UserError(
            "--auto-scale-lr needs auto_scale_lr = dict(base_batch_size=...) in the config, "
            "the total batch size that its learning rate was chosen for"
        )
    cfg.auto_scale_lr.enable = True


def _result(runner: Runner) -> TrainResult:
    scalars = runner.message_hub.log_scalars
    infos = runner.message_hub.runtime_info
    last, best = infos.get("last_ckpt"), infos.get("best_ckpt")
    window = runner.log_processor.window_size
    return TrainResult(
        metrics={name[4:]: float(value.current()) for name, value in scalars.items() if name.startswith("val/")},
        loss=float(scalars["train/loss"].mean(window)) if "train/loss" in scalars else float("nan"),
        epoch=runner.epoch,
        checkpoint=Path(last) if last else None,
        best_checkpoint=Path(best) if best else None,
    )
