"""What a run leaves in its folder: its result, and the settings and files that it was made with.

Whoever makes the same call again compares these with its own (:func:`changed_settings`) and knows whether the result
still holds.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kdxf.errors import UserError
from kdxf_runtime.io.files import read_json, write_json

CONFIG_OR_OPTIONS = "the config or the options"
"""What messages call a digest of all settings of a run."""

_NONE: Mapping[str, str] = {}


def changed_settings(
    noted: Mapping[str, Any], settings: Mapping[str, Any] = _NONE, files: Mapping[str, str] = _NONE
) -> list[str]:
    """Name the settings and files that are not those of a record.

    Args:
        noted: The values and fingerprints of the record, by name.
        settings: The present settings. One that the record lacks has changed.
        files: Fingerprints of the present files. A file that the record lacks has not changed, as little as one that
            only the record has: results may be gathered where the files of the training are not.
    """
    changed = [name for name, value in settings.items() if noted.get(name) != value]
    return changed + [name for name, value in files.items() if noted.get(name, value) != value]


def check_unchanged(
    folder: Path,
    kind: str,
    noted: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    files: Mapping[str, str] = _NONE,
    remove: str = "it",
) -> None:
    """Check that the contents of a folder were made with the present settings and files.

    Args:
        folder: The folder, for the message.
        kind: What it holds, such as ``run``.
        noted: Its record; None where it has none, and nothing is checked.
        settings: As of :func:`changed_settings`.
        files: Likewise.
        remove: What the message tells the user to remove.

    Raises:
        UserError: Some have changed.
    """
    if changed := [] if noted is None else changed_settings(noted, settings, files):
        raise UserError(
            f"{folder} holds a {kind} with other settings ({' and '.join(changed)} changed); remove {remove}, or "
            "choose another --work-dir"
        )


@dataclass(frozen=True)
class TrainResult:
    """The result of a training run.

    Attributes:
        metrics: The last validation's scores by name, such as ``accuracy/top1``; empty without validation.
        loss: The training loss, a mean over the last ``log_interval`` iterations or fewer.
        epoch: Epochs finished, in this run and in those that it resumed.
        checkpoint: The last checkpoint that was saved.
        best_checkpoint: The best one by the metric of ``CheckpointHook.save_best``, by the first of several.
        finished: False where a ``BudgetHook`` ended the run, which can be resumed.
        seconds: Duration, of all stages, but without what was done before a resumed one was stopped; NaN where it is
            not known.
    """

    metrics: dict[str, float]
    loss: float
    epoch: int
    checkpoint: Path | None
    best_checkpoint: Path | None
    finished: bool = True
    seconds: float = field(default=float("nan"), compare=False)

    def write(self, path: Path, settings: str) -> None:
        """Write the result to a JSON file; checkpoints are named relative to its folder, which may be moved.

        Args:
            path: The file.
            settings: Digest of the run's settings (:func:`kdxf_runtime.io.digests.settings_digest`).
        """
        content = asdict(self)
        for name in ("checkpoint", "best_checkpoint"):
            if content[name] is not None:
                content[name] = os.path.relpath(content[name], path.parent)
        write_json({"settings": settings, **content}, path)

    @classmethod
    def read(cls, path: Path) -> tuple["TrainResult", str]:
        """Read a result and the digest of its settings from a file."""
        content = read_json(path)
        settings = content.pop("settings")
        for name in ("checkpoint", "best_checkpoint"):
            if content[name] is not None:
                content[name] = Path(os.path.normpath(path.parent / content[name]))
        return cls(**content), settings


def last_checkpoint(work_dir: Path) -> Path | None:
    """Return the checkpoint that a run in this folder would resume from, if there is one.

    It is the one that ``last_checkpoint`` names, looked for next to that file too (a folder may have been moved), else
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
