from functools import partial

import pandas as pd
import pytest


@pytest.fixture
def call(run_tool):
    return partial(run_tool, "tools/data/balance.py")


def test_balances_a_list(call, tmp_path):
    rows = [(f"{label}{row}.jpg", label) for label, count in (("a", 50), ("b", 2)) for row in range(count)]
    pd.DataFrame(rows, columns=["image", "label"]).to_csv(tmp_path / "train.csv", index=False)
    arguments = (tmp_path / "train.csv", "--out", tmp_path / "out.csv", "--cap", "20", "10", "--at-least", "4")
    done = call(*arguments, "--dry-run")
    assert done.returncode == 0 and "dry run: nothing was written" in done.stdout, done.stderr
    assert not (tmp_path / "out.csv").exists()
    done = call(*arguments)
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()[1:]] == [
        ["cut", "to", "20", "1", "50", "20"],
        ["lifted", "to", "4", "1", "2", "4"],
        ["together", "2", "52", "24"],
    ]
    assert pd.read_csv(tmp_path / "out.csv")["label"].value_counts().to_dict() == {"a": 20, "b": 4}
    done = call(tmp_path / "train.csv", "--out", tmp_path / "new.csv")
    assert done.returncode == 2 and done.stderr.startswith(
        "error: nothing to do: say which sizes large classes are cut"
    )
