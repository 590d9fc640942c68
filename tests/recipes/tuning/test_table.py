import pytest

from kdxf.recipes.tuning.study import HAND_SET, REASON
from kdxf.recipes.tuning.table import best_trial, markdown, trial_table

optuna = pytest.importorskip("optuna")
State = optuna.trial.TrialState


@pytest.fixture
def study():
    """Trials 0 to 4: the hand-set one, two better ones that are equal, one pruned, one failed, and one waiting."""
    study = optuna.create_study(direction="maximize")
    study.enqueue_trial({"lr": 0.1}, user_attrs={HAND_SET: {"lr": 0.1}})
    for value in (70.0, 80.0, 80.0):
        trial = study.ask()
        trial.suggest_float("lr", 0, 1)
        study.tell(trial, value)
    pruned = study.ask()
    pruned.suggest_categorical("kind", ["'a'", "'b'"])
    pruned.report(20.0, 111)
    study.tell(pruned, state=State.PRUNED)
    failed = study.ask()
    failed.set_user_attr(REASON, "the loss is nan")
    study.tell(failed, state=State.FAIL)
    study.tell(study.ask(), state=State.FAIL)
    study.enqueue_trial({"lr": 0.2})
    return study


def test_has_a_row_for_each_trial(study):
    table = trial_table(study)
    assert list(table)[:7] == ["trial", "state", "hand-set", "score", "done", "minutes", "reason"]
    assert table["trial"].tolist() == [0, 1, 2, 3, 4, 5]
    assert table["state"].tolist() == ["finished"] * 3 + ["pruned", "failed", "interrupted"]
    assert table["hand-set"].tolist() == [True] + [False] * 5
    assert table["score"].tolist()[:4] == [70.0, 80.0, 80.0, 20.0] and table["score"][4:].isna().all()
    assert table["done"].tolist() == [1.0, 1.0, 1.0, 0.111, 0.0, 0.0]
    assert table["reason"][4] == "the loss is nan" and table["lr"][0] == 0.1


def test_the_best_is_the_first_of_equal_ones(study):
    assert best_trial(study).number == 1
    assert best_trial(optuna.create_study()) is None
    down = optuna.create_study(direction="minimize")
    for value in (3.0, 1.0, 2.0):
        down.tell(down.ask(), value)
    assert best_trial(down).number == 1


def test_shows_the_best_first(study):
    lines = markdown(trial_table(study), "accuracy/top1", maximize=True).splitlines()
    assert lines[0].replace(" ", "") == "|trial|accuracy/top1|minutes|lr|kind|"
    assert [line.split("|")[1].strip() for line in lines[2:5]] == ["1", "2", "0 (hand-set)"]
    assert lines[-1] == "6 trials: 3 finished, 1 pruned, 1 failed, 1 interrupted"
    lines = markdown(trial_table(study), "loss", maximize=False).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:5]] == ["0 (hand-set)", "1", "2"]
