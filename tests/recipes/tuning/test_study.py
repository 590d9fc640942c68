import pytest

from kdxf.errors import DivergedError, UserError
from kdxf.recipes.tuning import study as module
from kdxf.recipes.tuning.study import give_up_dead_trials, open_study, run_trial, trial_folder
from kdxf.recipes.tuning.table import trial_table

optuna = pytest.importorskip("optuna")


@pytest.fixture
def search(tmp_path):
    """Opens the study of ``search.folder``."""

    def open_it(maximize=True, seed=0):
        return open_study(tmp_path / "work", maximize=maximize, hand_set={"x": 0.5}, seed=seed)

    open_it.folder = tmp_path / "work"
    return open_it


def scoring(trial, folder, tell):
    assert folder.is_dir()
    return trial.suggest_float("x", 0, 1)


def interrupt(trial, folder, tell):
    raise KeyboardInterrupt


def test_begins_with_the_hand_set_values(search):
    study = search()
    for _ in range(3):
        run_trial(study, search.folder, scoring)
    table = trial_table(study)
    assert table["hand-set"].tolist() == [True, False, False] and table["score"].tolist() == table["x"].tolist()
    assert table["score"][0] == 0.5 and table["score"].nunique() == 3
    assert sorted(path.name for path in search.folder.iterdir()) == [
        "journal.log",
        "trial_0000",
        "trial_0001",
        "trial_0002",
    ]


def test_goes_on_where_it_has_stopped_and_draws_anew(search):
    first = search()
    run_trial(first, search.folder, scoring)
    run_trial(first, search.folder, scoring)
    again = search()  # another process, or the same command again
    run_trial(again, search.folder, scoring)
    run_trial(first, search.folder, scoring)  # both go on
    for study in (first, again):
        table = trial_table(study)
        assert table["trial"].tolist() == [0, 1, 2, 3] and table["hand-set"].sum() == 1 and table["x"].nunique() == 4


def test_draws_the_same_with_the_same_seed(tmp_path):
    drawn = []
    for name in "ab":
        study = open_study(tmp_path / name, maximize=True, hand_set={}, seed=3)
        for _ in range(4):
            run_trial(study, tmp_path / name, scoring)
        drawn.append(trial_table(study)["x"].tolist())
    assert drawn[0] == drawn[1]


def test_learns_where_good_values_are(search):
    study = search(maximize=False)
    for _ in range(40):
        run_trial(study, search.folder, lambda trial, *_: (trial.suggest_float("x", 0, 1) - 0.8) ** 2)
    late = trial_table(study)["x"][25:]
    assert (late - 0.8).abs().mean() < 0.15  # at random it would be 0.34


def test_prunes_what_is_worse_on_the_way(search):
    study, seen = search(), []

    def poor(trial, folder, tell):
        x = trial.suggest_float("x", 0, 1)
        for progress in (50, 150, 400, 800):
            seen.append(progress)
            tell(-1.0 if trial.number else 0.0, progress)
        return x

    run_trial(study, search.folder, poor)
    assert seen == [50, 150, 400, 800]
    run_trial(study, search.folder, poor)
    assert seen[4:] == [50, 150]  # at a ninth of the training it is compared
    row = trial_table(study).iloc[1]
    assert (row["state"], row["score"], row["done"]) == ("pruned", -1.0, 0.15)


def test_never_prunes_the_hand_set_trial(search):
    study = search()
    with pytest.raises(KeyboardInterrupt):
        run_trial(study, search.folder, interrupt)
    waiting = study.ask()  # the hand-set one, which another process has taken
    better = study.ask()
    better.report(5.0, 150)
    assert not better.should_prune()
    study.tell(better, 5.0)
    module._give_up(study, study.trials[waiting.number])

    def worse(trial, folder, tell):
        tell(-5.0, 150)
        return -5.0

    run_trial(study, search.folder, worse)
    table = trial_table(study)
    assert table["state"].tolist() == ["interrupted", "interrupted", "finished", "finished"]
    assert table["score"][3] == -5.0 and table["hand-set"].tolist() == [True, True, False, True]


def test_records_failures_and_goes_on(search, capsys):
    study = search()
    run_trial(study, search.folder, scoring)
    for error in (DivergedError("the loss is nan"), RuntimeError("out of\nmemory")):

        def failing(*_, error=error):
            raise error

        run_trial(study, search.folder, failing)
    run_trial(study, search.folder, scoring)
    table = trial_table(study)
    assert table["state"].tolist() == ["finished", "failed", "failed", "finished"]
    assert table["reason"].tolist()[1:3] == ["the loss is nan", "RuntimeError: out of memory"]
    assert "trial 2 has failed: RuntimeError: out of memory" in capsys.readouterr().out


def test_ten_failures_in_a_row_end_it(search):
    study = search()
    run_trial(study, search.folder, scoring)

    def failing(*_):
        raise UserError("no such list")

    for _ in range(9):
        run_trial(study, search.folder, failing)
    with pytest.raises(UserError, match="10 trials in a row have failed, the last with: no such list"):
        run_trial(study, search.folder, failing)


def test_the_hand_set_trial_must_succeed(search):
    study = search()

    def failing(*_):
        raise UserError("no such list")

    with pytest.raises(UserError, match="^no such list"):
        run_trial(study, search.folder, failing)
    run_trial(study, search.folder, scoring)  # once it is mended
    assert trial_table(study)[["state", "hand-set", "score"]].values.tolist()[1] == ["finished", True, 0.5]


def test_what_is_interrupted_is_tried_again(search):
    study, tried = search(), []
    run_trial(study, search.folder, scoring)

    def interrupted(trial, folder, tell):
        tried.append(trial.suggest_float("x", 0, 1))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_trial(study, search.folder, interrupted)
    again = search()
    run_trial(again, search.folder, scoring)
    table = trial_table(again)
    assert table["state"].tolist() == ["finished", "interrupted", "finished"]
    assert table["x"].tolist()[1:] == [tried[0], tried[0]]


def test_a_trial_of_a_dead_process_is_tried_again(search):
    dead = search()
    trial = dead.ask()
    study = search()
    give_up_dead_trials(study, search.folder)  # it has just begun: it has no folder yet
    assert trial_table(study)["state"].tolist() == ["running"]
    lock = trial_folder(search.folder, trial.number) / ".lock"
    lock.parent.mkdir()
    lock.touch()
    give_up_dead_trials(study, search.folder)
    run_trial(study, search.folder, scoring)
    assert trial_table(study)[["state", "hand-set"]].values.tolist() == [["interrupted", True], ["finished", True]]


def test_a_trial_that_runs_is_left_alone(search):
    study = search()

    def look(trial, folder, tell):
        give_up_dead_trials(search(), search.folder)
        return 1.0

    run_trial(study, search.folder, look)
    assert trial_table(study)["state"].tolist() == ["finished"]


def test_names_the_extra(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"tune needs the package optuna: pip install 'kdxf\[tune\]'"):
        open_study(tmp_path, maximize=True, hand_set={}, seed=None)
