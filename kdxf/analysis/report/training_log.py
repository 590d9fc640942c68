"""The curves of a training run, from the log that MMEngine writes beside its checkpoints."""

import json
from pathlib import Path

import pandas as pd

_FILE = "vis_data/scalars.json"


def read_training_log(checkpoint: Path) -> pd.DataFrame:
    """Read the logs of the run that wrote a checkpoint, those of resumed parts one after the other.

    Args:
        checkpoint: A file in the work folder of the run.

    Returns:
        ``step``, ``name`` and ``value``: the mean of each loss in an epoch, and each score after it. Steps are epochs,
        and iterations where training is not by epochs. What was repeated after a restart counts once. Empty without a
        log.
    """
    parts = [_read(file) for file in sorted(checkpoint.parent.glob(f"*/{_FILE}"))]
    table = pd.concat([pd.DataFrame(columns=["step", "name", "value"]), *parts], ignore_index=True)
    return table.drop_duplicates(["step", "name"], keep="last").sort_values(["name", "step"]).reset_index(drop=True)


def _read(file: Path) -> pd.DataFrame:
    rows = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue  # a process that was killed leaves half a line
        training = "lr" in entry
        step = entry.get("epoch", entry.get("step")) if training else entry.get("step")
        for name, value in entry.items():
            if isinstance(value, int | float) and (name.endswith("loss") if training else "/" in name):
                rows.append((step, name, float(value)))
    table = pd.DataFrame(rows, columns=["step", "name", "value"])
    return table.groupby(["name", "step"], as_index=False)["value"].mean()
