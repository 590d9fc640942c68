import pytest

from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.recipes.tuning.space import Choice, Policy, Range, read_space, value_at

optuna = pytest.importorskip("optuna")

SPACE = """
space = {
    "optim_wrapper.optimizer.lr": dict(low=1e-3, high=1.0, log=True),
    "train_cfg.max_epochs": dict(low=2, high=8, step=2),
    "model.head.topk": [(1,), (1, 2)],
    "policy": dict(operations=["rotate", "blur"]),
}
"""


@pytest.fixture
def written(tmp_path):
    def write(text, name="space.py"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def test_reads_python(written):
    space = read_space(written(SPACE))
    assert dict(space.entries) == {
        "optim_wrapper.optimizer.lr": Range(1e-3, 1.0, log=True),
        "train_cfg.max_epochs": Range(2, 8, step=2),
        "model.head.topk": Choice(((1,), (1, 2))),
        "policy": Policy(("rotate", "blur")),
    }


def test_yaml_and_json_say_the_same(written):
    yaml = read_space(written("space:\n  lr: {low: 0.001, high: 1.0, log: true}\n  a.b: [1, null]\n", "space.yaml"))
    json = read_space(
        written('{"space": {"lr": {"low": 0.001, "high": 1.0, "log": true}, "a.b": [1, null]}}', "s.json")
    )
    assert yaml.entries == json.entries == {"lr": Range(0.001, 1.0, log=True), "a.b": Choice((1, None))}
    assert yaml.digest == json.digest != read_space(written(SPACE)).digest


def test_suggests_settings(written, tmp_path):
    space = read_space(written(SPACE))
    drawn = {
        "optim_wrapper.optimizer.lr": 0.5,
        "train_cfg.max_epochs": 6,
        "model.head.topk": "(1, 2)",
        "policy.rotate.p": 0.25,
        "policy.rotate.magnitude": 1.0,
        "policy.blur.p": 1.0,
        "policy.blur.magnitude": 0.5,
    }
    settings = space.suggest(optuna.trial.FixedTrial(drawn), tmp_path)
    assert settings == {
        "optim_wrapper.optimizer.lr": 0.5,
        "train_cfg.max_epochs": 6,
        "model.head.topk": (1, 2),
        "policy": str(tmp_path / "policy.json"),
    }
    assert '"limit": 30.0' in (tmp_path / "policy.json").read_text()


def test_draws_within_the_ranges(written, tmp_path):
    space = read_space(written(SPACE))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    found = [space.suggest(study.ask(), tmp_path) for _ in range(40)]
    assert {one["train_cfg.max_epochs"] for one in found} == {2, 4, 6, 8}
    rates = [one["optim_wrapper.optimizer.lr"] for one in found]
    assert all(1e-3 <= rate <= 1 for rate in rates) and 10 < sum(rate < 0.0316 for rate in rates) < 30


def test_knows_the_values_of_a_config(written, frozen_lab):
    space = read_space(written(SPACE))
    # lr is 0.1; 2 epochs; topk (1,); a config has no policy of these operations
    assert space.parameters(load_config(frozen_lab.config)) == {
        "optim_wrapper.optimizer.lr": 0.1,
        "train_cfg.max_epochs": 2,
        "model.head.topk": "(1,)",
    }
    other = {"optim_wrapper.optimizer.lr": 2.0, "train_cfg.max_epochs": 3, "model.head.topk": (1, 3)}
    assert space.parameters(load_config(frozen_lab.config, other)) == {}
    assert Range(0.0, 1.0).parameters("a", True) is None and Range(0.0, 1.0).parameters("a", "x") is None
    assert Range(1, 3).parameters("a", 2.0) is None and Range(0.0, 1.0, step=0.1).parameters("a", 0.3) == {"a": 0.3}


def test_finds_values_in_lists(frozen_lab):
    cfg = load_config(frozen_lab.config)
    assert value_at(cfg, "pack.0.type") == "PackImageTextInputs" and value_at(cfg, "model.head.num_classes") == 3
    assert value_at(cfg, "pack.7.type") is None and value_at(cfg, "model.head.num_classes.x") is None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('"modle.head": [1, 2]', r"space.py: modle.head: .*frozen.py has no 'modle'; did you mean 'model'\?"),
        (
            '"model.head.in_chanels": [1, 2]',
            r"model.head.in_chanels: LinearClsHead has no .*did you mean 'in_channels'",
        ),
        ('"train_cfg.max_epoch": dict(low=1, high=2)', r"train_cfg.max_epoch: .*did you mean 'max_epochs'"),
        ('"model.head.topk.0.x": [1, 2]', r"space.py: model.head.topk.0.x: does not fit .*frozen.py"),
    ],
)
def test_names_a_key_that_the_config_does_not_have(written, frozen_lab, entry, message):
    with pytest.raises(UserError, match=message):
        read_space(written(f"space = {{{entry}}}")).check(frozen_lab.config, {})


def test_keys_of_the_config_pass(written, frozen_lab):
    space = read_space(written('space = {"train_cfg.max_epochs": [1, 2], "model.head.topk": [(1,), (1, 2)]}'))
    space.check(frozen_lab.config, {"optim_wrapper.optimizer.lr": 0.2})
    with pytest.raises(UserError, match=r"--cfg-options train_cfg.max_epochs: .*space.py searches this setting"):
        space.check(frozen_lab.config, {"train_cfg.max_epochs": 2})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr = [1, 2]", "has no dict 'space' of settings"),
        ("space = {}", "has no dict 'space' of settings"),
        ("space = {'lr': 3}", r"lr: 3 is neither a list of values, nor a range such as"),
        ("space = {'lr': dict(low=1)}", r"lr: \{'low': 1\} is neither a list of values"),
        ("space = {'lr': [1]}", "lr: a list of values needs at least two, and none of them twice"),
        ("space = {'lr': [1, 2, 1]}", "lr: a list of values needs at least two, and none of them twice"),
        ("space = {'lr': dict(low=1, high=2, lgo=True)}", r"lr: a range has no 'lgo'; did you mean 'lo[gw]'\?"),
        ("space = {'lr': dict(low='1e-3', high=1)}", "lr: '1e-3' is no number .YAML reads 1e-3 as text; write 1.0e-3."),
        ("space = {'lr': dict(low=2, high=2)}", "lr: low is 2, which is not below high, 2"),
        ("space = {'lr': dict(low=0, high=2, log=True)}", "lr: with log, low must be above 0, not 0"),
        ("space = {'lr': dict(low=1, high=5, step=0.5)}", "lr: step must be above 0, whole where low and high are"),
        ("space = {'lr': dict(low=1.0, high=5, step=1, log=True)}", "lr: step must be above 0"),
        ("space = {'p': dict(operations=[])}", "p: operations must be a list of names, each once: brightness, "),
        ("space = {'p': dict(operations=['blur', 'blur'])}", "p: operations must be a list of names, each once"),
        ("space = {'p': dict(operations=['rotat'])}", r"p: there is no operation 'rotat'; did you mean 'rotate'\?"),
        ("space = {'work_dir': ['a', 'b']}", "work_dir: a search cannot change this setting"),
        ("space = 1 +", "space .*space.py cannot be loaded: SyntaxError"),
    ],
)
def test_refuses(written, text, message):
    with pytest.raises(UserError, match=message):
        read_space(written(text))


def test_refuses_a_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"--space .*none.py: there is no such file; give a .py, .yaml or .json file"):
        read_space(tmp_path / "none.py")
