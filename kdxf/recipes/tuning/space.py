"""The space of a search: which settings of a config are tried, and with what values.

A space is a small file, Python, YAML or JSON, with one dict ``space``. Its keys are those of ``--cfg-options``:
variables of the config, or dotted settings. ::

    space = {
        "lr": dict(low=1e-3, high=1e-1, log=True),               # a range of numbers
        "max_epochs": dict(low=10, high=40, step=10),            # whole numbers, as both bounds are whole
        "model.head.dropout": [0.0, 0.2, 0.5],                   # one of several values, of any kind
        "policy": dict(operations=["brightness", "rotate"]),     # an augmentation policy; the setting gets its file
    }
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mmengine.config import Config

from kdxf.engine.config import load_config
from kdxf.engine.config_keys import argument_names, nearest
from kdxf.errors import UserError
from kdxf.io.config_files import read_config
from kdxf.recipes.tuning.policy import OPERATIONS, Strength, write_policy
from kdxf_runtime.io.digests import settings_digest

if TYPE_CHECKING:
    from optuna.trial import BaseTrial as Trial

_RANGE = {"low", "high", "log", "step"}
_RESERVED = ("work_dir", "resume", "load_from", "randomness", "stages")


class Entry(Protocol):
    """What a space says of one setting."""

    def suggest(self, key: str, trial: "Trial", folder: Path) -> Any:
        """Return the value for a trial; files that it needs are written to the trial's folder."""

    def example(self) -> Any:
        """Return some value."""

    def parameters(self, key: str, value: Any) -> dict[str, Any] | None:
        """Return what Optuna calls a value of the config; None where the entry does not allow it."""


@dataclass(frozen=True)
class Choice:
    """One of several values; Optuna knows them by what Python writes for them."""

    values: tuple[Any, ...]

    def suggest(self, key: str, trial: "Trial", folder: Path) -> Any:
        """Return one of the values."""
        by_name = {repr(value): value for value in self.values}
        return by_name[trial.suggest_categorical(key, list(by_name))]

    def example(self) -> Any:
        """Return the first value."""
        return self.values[0]

    def parameters(self, key: str, value: Any) -> dict[str, Any] | None:
        """Return the name of a value, if it is among them."""
        return {key: repr(value)} if repr(value) in map(repr, self.values) else None


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included, whole if the bounds are; ``log``: evenly by their logarithm."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def whole(self) -> bool:
        """Whether the numbers are whole."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def suggest(self, key: str, trial: "Trial", folder: Path) -> float:
        """Return a number."""
        if self.whole:
            return trial.suggest_int(key, int(self.low), int(self.high), step=int(self.step or 1), log=self.log)
        return trial.suggest_float(key, self.low, self.high, step=self.step, log=self.log)

    def example(self) -> float:
        """Return the lower bound."""
        return self.low

    def parameters(self, key: str, value: Any) -> dict[str, Any] | None:
        """Return a number of the range as it is."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return None
        if self.whole and not isinstance(value, int):
            return None
        steps = (value - self.low) / self.step if self.step else 0
        return {key: value} if math.isclose(steps, round(steps), abs_tol=1e-9) else None


@dataclass(frozen=True)
class Policy:
    """An augmentation policy of these operations, in a file (:mod:`kdxf.recipes.tuning.policy`)."""

    operations: tuple[str, ...]

    def suggest(self, key: str, trial: "Trial", folder: Path) -> str:
        """Write a policy, and return its path."""
        strengths = {
            name: Strength(
                trial.suggest_float(f"{key}.{name}.p", 0.0, 1.0),
                trial.suggest_float(f"{key}.{name}.magnitude", 0.0, 1.0),
            )
            for name in self.operations
        }
        path = folder / f"{key}.json"
        write_policy(strengths, path)
        return str(path)

    def example(self) -> str:
        """Return a path at which there need be no file."""
        return "policy.json"

    def parameters(self, key: str, value: Any) -> dict[str, Any] | None:
        """Return None: a policy of the config was not made of these operations."""
        return None


@dataclass(frozen=True)
class Space:
    """A space.

    Attributes:
        file: Its file, for messages.
        entries: What it says, by the key of the setting.
    """

    file: Path
    entries: Mapping[str, Entry]

    @property
    def digest(self) -> str:
        """Fingerprint of the entries."""
        return settings_digest({key: repr(entry) for key, entry in self.entries.items()})

    def suggest(self, trial: "Trial", folder: Path) -> dict[str, Any]:
        """Return the settings of a trial, by their keys."""
        return {key: entry.suggest(key, trial, folder) for key, entry in self.entries.items()}

    def parameters(self, cfg: Config) -> dict[str, Any]:
        """Return what Optuna calls the values that a config has; those that the space does not allow are left out."""
        found: dict[str, Any] = {}
        for key, entry in self.entries.items():
            found |= entry.parameters(key, value_at(cfg, key)) or {}
        return found

    def check(self, config: str | Path, options: Mapping[str, Any]) -> None:
        """Check that each key is one that the config has, and reads.

        Args:
            config: The config file.
            options: ``--cfg-options``, which may not set a key of the space.

        Raises:
            UserError: One cannot be used.
        """
        cfg = load_config(config, options)
        for key, entry in self.entries.items():
            if key in options:
                raise UserError(f"--cfg-options {key}: {self.file} searches this setting; give it in one place")
            parent, _, last = key.rpartition(".")
            part = value_at(cfg, parent) if parent else None
            if isinstance(part, Mapping) and isinstance(part.get("type"), str) and last not in part:
                known = argument_names(part["type"])  # also of one that passes arguments on to the class below it
                if known and last not in known:
                    raise UserError(f"{self.file}: {key}: {part['type']} has no {last!r}; {nearest(last, known)}")
            value = entry.example()
            try:
                load_config(config, {**options, key: value})
            except UserError as error:
                reason = str(error).removeprefix(f"--cfg-options {key}={value}").removeprefix(":").strip()
                raise UserError(f"{self.file}: {key}: {reason}") from error


def value_at(cfg: Config, key: str) -> Any:
    """Return the value of a variable or a dotted setting; None where there is none."""
    found: Any = cfg.to_dict()
    for part in key.split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list | tuple) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def read_space(file: str | Path) -> Space:
    """Read a space.

    Raises:
        UserError: The file is missing, or says something else than this module describes.
    """
    path = Path(file)
    if not path.is_file():
        raise UserError(f"--space {path}: there is no such file; give a .py, .yaml or .json file with a dict 'space'")
    content = read_config(path, "space", lazy_import=False).to_dict().get("space")
    if not isinstance(content, dict) or not content:
        raise UserError(f"{path}: has no dict 'space' of settings, such as space = {{'lr': dict(low=1e-4, high=1e-2)}}")
    if reserved := [key for key in content if key.partition(".")[0] in _RESERVED]:
        raise UserError(f"{path}: {reserved[0]}: a search cannot change this setting")
    return Space(path, {key: _entry(value, f"{path}: {key}") for key, value in content.items()})


def _entry(value: Any, where: str) -> Entry:
    if isinstance(value, list | tuple):
        names = [repr(item) for item in value]
        if len(set(names)) < 2 or len(set(names)) < len(names):
            raise UserError(f"{where}: a list of values needs at least two, and none of them twice")
        return Choice(tuple(value))
    if isinstance(value, dict) and set(value) == {"operations"}:
        return _policy(value["operations"], where)
    if isinstance(value, dict) and {"low", "high"} <= set(value):
        return _range(value, where)
    raise UserError(
        f"{where}: {value!r} is neither a list of values, nor a range such as dict(low=1e-4, high=1e-2, log=True), nor "
        "dict(operations=[...]), an augmentation policy"
    )


def _policy(names: Any, where: str) -> Policy:
    if not isinstance(names, list | tuple) or not names or len(set(map(str, names))) < len(names):
        raise UserError(f"{where}: operations must be a list of names, each once: {', '.join(OPERATIONS)}")
    for name in names:
        if name not in OPERATIONS:
            raise UserError(f"{where}: there is no operation {name!r}; {nearest(str(name), OPERATIONS)}")
    return Policy(tuple(names))


def _range(given: dict[str, Any], where: str) -> Range:
    if unknown := sorted(set(given) - _RANGE):
        raise UserError(f"{where}: a range has no {unknown[0]!r}; {nearest(unknown[0], _RANGE)}")
    found = Range(given["low"], given["high"], bool(given.get("log", False)), given.get("step"))
    numbers = [found.low, found.high, *([] if found.step is None else [found.step])]
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise UserError(f"{where}: {number!r} is no number (YAML reads 1e-3 as text; write 1.0e-3)")
    if found.low >= found.high:
        raise UserError(f"{where}: low is {found.low}, which is not below high, {found.high}")
    if found.log and found.low <= 0:
        raise UserError(f"{where}: with log, low must be above 0, not {found.low}")
    if found.step is not None and (found.log or found.step <= 0 or (found.whole and not isinstance(found.step, int))):
        raise UserError(f"{where}: step must be above 0, whole where low and high are, and without log")
    return found
