"""One training, from the logs that it has left.

A work folder holds a folder for each time that a tool ran in it: ``<date>_<time>`` with the log and, in ``vis_data``,
the config and the scores. Those that trained count; one that was resumed continues the one before. What only a
checkpoint knows (its data, its size) is read from the last one, without its weights.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from kdxf.analysis.runs.kept_config import read_kept_config
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.errors import UserError
from kdxf.io.provenance import TRAINING_DATA
from kdxf.io.run_record import last_checkpoint
from kdxf_runtime.io.digests import settings_digest

SESSION = re.compile(r"\d{8}_\d{6}\Z")
"""Name of the folder of one time that a tool ran."""

_TRAINS = re.compile(r"Checkpoints will be saved to ")
_TIME = re.compile(r"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) - ", re.MULTILINE)
_SEED = re.compile(r"^ +seed: (\d+)$", re.MULTILINE)
_GPUS = re.compile(r"^ +GPU ([\d,]+): (.+)$", re.MULTILINE)
_KDXF = re.compile(r" - kdxf (\S+) \(.*\); (\d+) cores?,")
_NAME = re.compile(r" - Exp name: (.+)$", re.MULTILINE)
_COMMIT = re.compile(r" - git commit (.+)$", re.MULTILINE)
_EPOCH = re.compile(r"Epoch\(train\) +\[(\d+)\]\[ *(\d+)/(\d+)\]")
_EPOCHS = re.compile(r"Saving checkpoint at (\d+) epochs|Epoch\(val\) *\[(\d+)\]\[")
_ITERATIONS = re.compile(r"Iter\(train\) +\[ *(\d+)/\d+\]|Saving checkpoint at (\d+) iterations")
_NO_SCORES = ("data_time", "time", "step", "epoch", "iter", "memory")
_LESS_IS_BETTER = ("loss", "error", "ece", "nll", "brier", "disagreement")


@dataclass(frozen=True)
class Session:
    """One time that training ran in a folder.

    Attributes:
        folder: ``<work_dir>/<date>_<time>``.
        settings: The config.
        log: Text of the log.
    """

    folder: Path
    settings: Mapping[str, Any]
    log: str

    @property
    def resumed(self) -> bool:
        """Whether it went on with what the same work folder held."""
        origin = self.settings.get("load_from")
        own = origin is None or Path(origin).parent.name == self.folder.parent.name
        return bool(self.settings.get("resume")) and own

    @property
    def seconds(self) -> float:
        """From the first line of the log to the last."""
        times = _TIME.findall(self.log)
        first, last = (datetime.strptime(times[place], "%Y/%m/%d %H:%M:%S") for place in (0, -1))
        return (last - first).total_seconds()

    def scores(self) -> dict[int, dict[str, float]]:
        """Read the validations: scores by name, by the epoch (or iteration) after which they were made.

        Raises:
            UserError: A line other than the last, at which the run may have been killed, is damaged.
        """
        path = self.folder / "vis_data" / "scalars.json"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        found = {}
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
            except ValueError as error:
                if number == len(lines):
                    break
                raise UserError(f"{path}, line {number}: not what a training writes: {error}") from error
            if "step" in entry and "iter" not in entry:
                numbers = {name: value for name, value in entry.items() if isinstance(value, int | float)}
                found[int(entry["step"])] = {name: numbers[name] for name in numbers if name not in _NO_SCORES}
        return found


@dataclass(frozen=True)
class Training:
    """A training with all sessions that resumed it.

    Attributes:
        folder: The work folder.
        sessions: In order; at least one.
        is_last: Whether it is the last training in its folder, to which the checkpoints belong.
    """

    folder: Path
    sessions: Sequence[Session]
    is_last: bool = field(default=True)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The config with which it began."""
        return self.sessions[0].settings

    @property
    def config(self) -> str:
        """Name of the config, as the log or else the only config in the folder tells; empty where neither does."""
        for session in self.sessions:
            if found := _NAME.search(session.log):
                return found[1].removesuffix(f"_{session.folder.name}")
        kept = [path.stem for path in self.folder.glob("*.py")]
        return kept[0] if len(kept) == 1 else ""

    @property
    def digest(self) -> str:
        """Fingerprint of the config, 64 hexadecimal digits; neither the work folder nor resuming counts."""
        left_out = ("work_dir", "resume")
        return settings_digest({key: value for key, value in self.settings.items() if key not in left_out})

    @property
    def started(self) -> datetime:
        """When it began."""
        return datetime.strptime(self.sessions[0].folder.name, "%Y%m%d_%H%M%S")

    @property
    def minutes(self) -> float:
        """Time of all sessions, validations included."""
        return sum(session.seconds for session in self.sessions) / 60

    @cached_property
    def scores(self) -> dict[int, dict[str, float]]:
        """Scores of all validations, see :meth:`Session.scores`."""
        found: dict[int, dict[str, float]] = {}
        for session in self.sessions:
            found |= session.scores()
        return dict(sorted(found.items()))

    @property
    def main_score(self) -> str | None:
        """The score by which the best weights are kept (``save_best``), else top-1 accuracy, else the first."""
        names = list(dict.fromkeys(name for scores in self.scores.values() for name in scores))
        wanted = self._checkpoint_hook.get("save_best")
        wanted = [wanted] if isinstance(wanted, str) else list(wanted or [])
        return next((name for name in [*wanted, "accuracy/top1", *names] if name in names), None)

    @property
    def _checkpoint_hook(self) -> Mapping[str, Any]:
        return (self.settings.get("default_hooks") or {}).get("checkpoint") or {}

    @property
    def best_step(self) -> int | None:
        """The epoch (or iteration) with the best :attr:`main_score`, the first of several."""
        name = self.main_score
        scored = [step for step, scores in self.scores.items() if name in scores]
        if name is None or not scored:
            return None
        rule = self._checkpoint_hook.get("rule")
        less = less_is_better(name) if rule is None else rule == "less"
        return min(scored, key=lambda step: self.scores[step][name] * (1 if less else -1))

    @property
    def by_epoch(self) -> bool:
        """Whether it counts epochs, not iterations."""
        return "max_epochs" in self._loop

    @property
    def _loop(self) -> Mapping[str, Any]:
        return self.sessions[-1].settings.get("train_cfg") or {}

    @property
    def planned(self) -> int | None:
        """How many epochs (or iterations) there are to do."""
        return self._loop.get("max_epochs" if self.by_epoch else "max_iters")

    @property
    def done(self) -> int:
        """How many epochs (or iterations) were finished, as far as the log says."""
        log = "".join(session.log for session in self.sessions)
        if not self.by_epoch:
            return max((int(number) for found in _ITERATIONS.findall(log) for number in found if number), default=0)
        done = [int(epoch) - (batch != count) for epoch, batch, count in _EPOCH.findall(log)]
        done += [int(number) for found in _EPOCHS.findall(log) for number in found if number]
        return max(done, default=0)

    @property
    def state(self) -> str:
        """``finished``, ``stopped early``, ``budget spent`` or ``not finished``, which may be running."""
        last = self.sessions[-1].log
        if " - stopped early: " in last:
            return "stopped early"
        if " - the budget is spent: " in last:
            return "budget spent"
        return "finished" if self.planned is not None and self.done >= self.planned else "not finished"

    @property
    def seed(self) -> int | None:
        """The seed, also one that was drawn."""
        found = _SEED.search(self.sessions[0].log)
        return int(found[1]) if found else None

    @property
    def device(self) -> str:
        """The GPUs, or the number of processor cores."""
        log = self.sessions[-1].log
        if gpus := _GPUS.findall(log):
            return ", ".join(f"{len(numbers.split(','))} x {name.strip()}" for numbers, name in gpus)
        found = _KDXF.search(log)
        return f"CPU, {found[2]} cores" if found else "CPU"

    @property
    def version(self) -> str:
        """Version of kdxf; empty where the log does not say."""
        found = _KDXF.search(self.sessions[-1].log)
        return found[1] if found else ""

    @property
    def commit(self) -> str:
        """The git commit; empty where the log does not say."""
        found = _COMMIT.search(self.sessions[-1].log)
        return found[1] if found else ""

    @cached_property
    def checkpoint(self) -> Mapping[str, Any]:
        """The last checkpoint, its weights as shapes only; empty without one. A damaged one is reported."""
        path = last_checkpoint(self.folder) if self.is_last else None
        if path is None:
            return {}
        try:
            return load_checkpoint(path, "meta")
        except UserError as error:
            print_log(f"{error}; the row of {self.folder} lacks its data", "current", logging.WARNING)
            return {}

    @property
    def parameters(self) -> int | None:
        """Numbers in the weights of the checkpoint, statistics of batch normalization included."""
        weights = self.checkpoint.get("state_dict")
        return None if weights is None else sum(weight.numel() for weight in weights.values())

    @property
    def data(self) -> Mapping[str, Mapping[str, str]]:
        """Fingerprints of the training's files, by what they are and by path, as the checkpoint notes them."""
        noted = (self.checkpoint.get("meta") or {}).get(TRAINING_DATA)
        return noted[-1] if noted else {}

    @property
    def data_digest(self) -> str:
        """One fingerprint of the training's files, in which their paths do not count; empty where none is noted."""
        contents = {key: sorted(set(files.values())) for key, files in self.data.items()}
        return settings_digest(contents) if contents else ""

    @property
    def training_lists(self) -> str:
        """The training lists, as the checkpoint notes them, else as the config names them."""
        return ", ".join(self.data.get("ann_file") or _lists(self.settings.get("train_dataloader")))

    @property
    def validation_lists(self) -> str:
        """The validation lists, as the config names them."""
        return ", ".join(_lists(self.settings.get("val_dataloader")))


def less_is_better(score: str) -> bool:
    """Tell by the name of a score whether a lower value is better, as of a loss."""
    return any(word in score.lower() for word in _LESS_IS_BETTER)


def _lists(settings: Any, root: str = "") -> list[str]:
    if isinstance(settings, Mapping):
        root = settings["data_root"] if isinstance(settings.get("data_root"), str) else root
        own = settings.get("ann_file")
        found = [str(Path(root, own))] if isinstance(own, str) and own else []
        return found + [path for value in settings.values() for path in _lists(value, root)]
    if isinstance(settings, list | tuple):
        return [path for value in settings for path in _lists(value, root)]
    return []


def read_trainings(folder: Path) -> list[Training]:
    """Read the trainings in a work folder, the oldest first; tests in it do not count.

    Raises:
        UserError: A file cannot be read.
    """
    found: list[list[Session]] = []
    for session in _sessions(folder):
        if found and session.resumed:
            found[-1].append(session)
        else:
            found.append([session])
    return [Training(folder, sessions, sessions is found[-1]) for sessions in found]


def _sessions(folder: Path) -> Iterator[Session]:
    for path in sorted(folder.iterdir()):
        log = path / f"{path.name}.log"
        if not SESSION.match(path.name) or not log.is_file():
            continue
        text = log.read_text(encoding="utf-8", errors="replace")
        if not _TRAINS.search(text):
            continue
        kept = path / "vis_data" / "config.py"
        configs = [kept] if kept.is_file() else sorted(folder.glob("*.py"))
        if not configs:
            raise UserError(f"{path}: holds a log but no vis_data/config.py, nor {folder} a config; remove the folder")
        yield Session(path, read_kept_config(configs[0]), text)
