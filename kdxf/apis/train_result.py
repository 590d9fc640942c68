"""What a training run came to, and what it leaves in its folder."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kdxf.io.files import write_whole


@dataclass(frozen=True)
class TrainResult:
    """What a training run came to.

    Attributes:
        metrics: The last validation's scores by name, such as ``accuracy/top1``; empty without validation.
        loss: The training loss, a mean over the last ``log_interval`` iterations or fewer.
        epoch: Epochs finished, in this run and in those that it resumed.
        checkpoint: The last checkpoint that was saved.
        best_checkpoint: The best one by the metric of ``CheckpointHook.save_best``, by the first of several.
        finished: False where a ``BudgetHook`` ended the run, which can be resumed.
        seconds: How long it took, of all stages, but without what was done before a resumed one was stopped; NaN where
            that is not known.
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
            settings: Digest of the run's settings (:func:`kdxf.io.digests.settings_digest`).
        """
        content = asdict(self)
        for name in ("checkpoint", "best_checkpoint"):
            if content[name] is not None:
                content[name] = os.path.relpath(content[name], path.parent)
        write_whole((json.dumps({"settings": settings, **content}, indent=2) + "\n").encode(), path)

    @classmethod
    def read(cls, path: Path) -> tuple["TrainResult", str]:
        """Read a result and the digest of its settings from a file."""
        content = json.loads(path.read_text(encoding="utf-8"))
        settings = content.pop("settings")
        for name in ("checkpoint", "best_checkpoint"):
            if content[name] is not None:
                content[name] = Path(os.path.normpath(path.parent / content[name]))
        return cls(**content), settings


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
