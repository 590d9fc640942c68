import pandas as pd
import pytest

pytest.importorskip("optuna")


@pytest.fixture
def space(tmp_path):
    (tmp_path / "space.yaml").write_text("space:\n  optim_wrapper.optimizer.lr: [0.01, 0.1]\n")
    return tmp_path / "space.yaml"


def test_searches(run_tool, folds_lab, space, tmp_path):
    given = (
        "--space",
        space,
        "--work-dir",
        tmp_path / "search",
        "--trials",
        1,
        "--folds",
        folds_lab.lists,
        "--fold",
        1,
    )
    done = run_tool("tools/tune.py", folds_lab.config, *given, "--cfg-options", "train_cfg.max_epochs=1", "--seed", 3)
    assert done.returncode == 0 and "0 (hand-set)" in done.stdout, done.stderr
    assert done.stdout.endswith(
        f"no trial is better than the hand-set config, which {tmp_path / 'search' / 'best.py'} repeats\n"
    )
    assert pd.read_csv(tmp_path / "search" / "trials.csv")["state"].tolist() == ["finished"]


def test_refuses(run_tool, tiny_config, space, tmp_path):
    given = ("--space", space, "--work-dir", tmp_path / "search")
    done = run_tool("tools/tune.py", tiny_config, *given)
    assert done.returncode == 2 and "error: tune: give --trials, --minutes or both" in done.stderr
    space.write_text("space:\n  lr_of_all: [1, 2]\n")
    done = run_tool("tools/tune.py", tiny_config, *given, "--trials", 2)
    assert done.returncode == 2 and f"error: {space}: lr_of_all: {tiny_config} has no 'lr_of_all'" in done.stderr
    done = run_tool("tools/tune.py", tiny_config, *given, "--trials", 0)
    assert done.returncode == 2 and "argument --trials: must be a whole number from 1, not '0'" in done.stderr
