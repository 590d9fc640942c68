"""One model whose weights are the mean of several checkpoints'."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from torch import Tensor, nn

from kdxf.apis.stages import last_stage
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import explaining_config_errors, set_loader_defaults
from kdxf.engine.join_models import check_checkpoint_name, joined_meta, save_weights
from kdxf.engine.norm_statistics import norms_with_statistics, renew_norms
from kdxf.engine.runner import open_runner
from kdxf.engine.validation import validate
from kdxf.errors import UserError

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Soup:
    """What a soup is made of, and what it scores on the validation set.

    Attributes:
        metric: The score by which checkpoints were chosen.
        scores: That of each checkpoint, in the order in which they were given.
        members: The checkpoints whose weights were averaged, by their places in that order.
        score: That of the mean.
    """

    metric: str
    scores: tuple[float, ...]
    members: tuple[int, ...]
    score: float


def soup(cfg: Config, checkpoints: Sequence[str | Path], out: str | Path, *, greedy: bool = False) -> Soup:
    """Average the weights of checkpoints and write the mean, a "model soup" (https://arxiv.org/abs/2203.05482).

    It answers in the time of one model. The checkpoints must have the same parts and should come from one start: of one
    run, such as ``TopCheckpointsHook`` keeps them, or of several that fine-tuned the same weights. Batch norms and
    ``DocumentNorm`` whose statistics differ between them get new ones in a pass over the training data.

    The score is the validation score that ``default_hooks.checkpoint.save_best`` names, else the first one. A soup that
    was chosen by it is a little worse on new images than it says.

    Args:
        cfg: The config that they were trained with; of one with stages the last.
        checkpoints: Two or more.
        out: The file to write, ``NAME.pth``.
        greedy: Begin with the best checkpoint, and take each further one, from the better to the worse, only if the
            score of the mean does not get worse. False takes all.

    Raises:
        UserError: There are fewer than two checkpoints, they differ in their structure or classes, do not fit the
            config, or it has no validation set.
    """
    out = Path(out)
    check_checkpoint_name(out)
    if len(checkpoints) < 2:
        raise UserError(f"a soup needs two checkpoints or more, got {len(checkpoints)}")
    cfg = last_stage(copy.deepcopy(cfg))
    if any(cfg.get(name) is None for name in ("val_dataloader", "val_cfg", "val_evaluator")):
        raise UserError(
            f"config {cfg.filename} has no validation set to check a soup on: it needs val_dataloader, val_cfg and "
            "val_evaluator"
        )
    contents = [load_checkpoint(path) for path in checkpoints]
    states = [_weights(content) for content in contents]
    for state, path in zip(states[1:], checkpoints[1:], strict=True):
        _check_same(states[0], state, checkpoints[0], path)
    meta = joined_meta(contents, checkpoints)
    cfg.load_from, cfg.resume, cfg.custom_hooks = None, False, []
    set_loader_defaults(cfg)
    with explaining_config_errors(), open_runner(cfg) as runner:
        pot = _Pot(runner, states, checkpoints[0])
        found = _cook(pot, len(states), greedy)
        meta["soup"] = [str(checkpoints[place]) for place in found.members]
        save_weights(pot.fill(found.members), meta, out)
    return found


def _cook(pot: "_Pot", count: int, greedy: bool) -> Soup:
    scores = [pot.score([place]) for place in range(count)]
    if not greedy:
        members = list(range(count))
        return Soup(pot.metric, tuple(scores), tuple(members), pot.score(members))
    order = list(range(count))
    for place in range(1, count):  # a stable sort by a rule that says only which of two is better
        while place and pot.better(scores[order[place]], scores[order[place - 1]]):
            order[place - 1], order[place] = order[place], order[place - 1]
            place -= 1
    members, best = order[:1], scores[order[0]]
    for place in order[1:]:
        score = pot.score([*members, place])
        if not pot.better(best, score):
            members, best = [*members, place], score
    return Soup(pot.metric, tuple(scores), tuple(members), best)


class _Pot:
    """Scores means of weights with the model and the data of a run."""

    def __init__(self, runner: Runner, states: Sequence[State], first: str | Path) -> None:
        self._runner, self._states = runner, states
        self._model: nn.Module = runner.model
        missing, unexpected = self._model.load_state_dict(dict(states[0]), strict=False)
        if missing or unexpected:
            name = (missing or unexpected)[0]
            raise UserError(f"{first} does not fit the config's model (first: {name}); give the config of its training")
        names = norms_with_statistics(self._model)
        self._norms = [name for name in names if _differ(states, self._model.get_submodule(name), name)]
        settings = (runner.cfg.get("default_hooks") or {}).get("checkpoint") or {}
        named = settings.get("save_best")
        named = named[0] if isinstance(named, list | tuple) else named
        self.metric = "" if named in (None, "auto") else str(named)
        self._rule = settings.get("rule")

    def better(self, one: float, other: float) -> bool:
        """Tell whether a score is better than another, by the rule of ``CheckpointHook``."""
        rule = self._rule[0] if isinstance(self._rule, list | tuple) else self._rule
        hook = CheckpointHook(save_best=self.metric, rule=rule)
        return bool(hook.is_better_than[self.metric](one, other))

    def fill(self, places: Sequence[int]) -> State:
        """Give the model the mean weights of some checkpoints, and return them."""
        self._model.load_state_dict(_mean([self._states[place] for place in places]))
        if len(places) > 1 and self._norms:
            loader = self._runner.train_loop.dataloader
            renew_norms(self._model, self._norms, loader, seed=self._runner.seed or 0, epoch=0)
        return {name: value.cpu() for name, value in self._model.state_dict().items()}

    def score(self, places: Sequence[int]) -> float:
        """Return the validation score of such a mean."""
        self.fill(places)
        scores = validate(self._runner.val_loop, self._model)
        self.metric = self.metric or next(iter(scores), "")
        if self.metric not in scores:
            raise UserError(f"the validation has no score {self.metric!r}, only {', '.join(scores)}: correct save_best")
        return scores[self.metric]


def _weights(content: Mapping[str, Any]) -> State:
    state = content.get("state_dict", content)
    return {name.removeprefix("module."): value for name, value in state.items()}


def _check_same(first: State, other: State, name: str | Path, path: str | Path) -> None:
    for key in [*first, *other]:
        ours, theirs = first.get(key), other.get(key)
        if ours is None or theirs is None or ours.shape != theirs.shape:
            shapes = ["no such weights" if value is None else str(tuple(value.shape)) for value in (ours, theirs)]
            raise UserError(
                f"{path} has another structure than {name} ({key}: {shapes[1]}, {shapes[0]}); average checkpoints of "
                "one config"
            )


def _mean(states: Sequence[State]) -> dict[str, Tensor]:
    """Average in double precision; whole numbers, such as counts of batches, are those of the first."""
    return {
        name: torch.stack([state[name].double() for state in states]).mean(dim=0).to(value.dtype)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }


def _differ(states: Sequence[State], layer: nn.Module, name: str) -> bool:
    keys = [f"{name}.{buffer}" for buffer, _ in layer.named_buffers(recurse=False)]
    return any(not torch.equal(states[0][key], state[key]) for state in states[1:] for key in keys if key in state)
