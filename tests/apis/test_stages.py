import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from kdxf.apis.stages import last_stage, plan_stages, train_stages, training_files
from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.config_files import config_contents
from kdxf.errors import UserError
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.io.run_record import TrainResult

# The head alone; everything; everything on more classes, of which some have no image.
STAGES = """
_base_ = "tiny.py"
param_scheduler = None
more = dict(ann_file="{root}/list.txt", data_prefix="train", classes=["new", "red", "other", "green 绿", "blue"])
stages = [
    dict(name="warm-up", train_cfg=dict(max_epochs=1), custom_hooks=[dict(type="FreezeHook", modules=["backbone"])]),
    dict(name="fine-tune", **{"train_dataloader.batch_size": 12}),
    dict(
        name="all-classes",
        model=dict(head=dict(num_classes=5)),
        data_preprocessor=dict(num_classes=5),
        optim_wrapper=dict(_delete_=True, optimizer=dict(type="Adam", lr=0.0)),
        train_cfg=dict(max_epochs=1),
        train_dataloader=dict(dataset=more),
        val_dataloader=dict(dataset=more),
        test_dataloader=dict(dataset=more),
    ),
]
"""
FOLDERS = ("1_warm-up", "2_fine-tune", "3_all-classes")


@pytest.fixture
def staged(tiny_config, tmp_path) -> Path:
    path = tiny_config.with_name("staged.py")
    (tmp_path / "list.txt").write_text("red/0.png 1\nblue/0.png 4\nblue/1.png 4\n")
    path.write_text(STAGES.replace("{root}", str(tmp_path)), encoding="utf-8")
    return path


def add(path, text):
    path.write_text(path.read_text() + text)
    return path


def weights(path):
    return load_checkpoint(path)["state_dict"]


def log_of(folder):
    return "".join(path.read_text() for path in sorted(Path(folder).glob("*/*.log")))


def test_three_stages(staged, tiny_images, capsys):
    cfg, begin = load_config(staged), time.perf_counter()
    result = train(cfg, seed=3)
    work = Path(cfg.work_dir)
    assert sorted(path.name for path in work.iterdir()) == sorted(FOLDERS)
    results = [json.loads((work / folder / "result.json").read_text()) for folder in FOLDERS]
    assert [one["epoch"] for one in results] == [1, 2, 1] and result.epoch == 1 and result.finished
    assert all(one["seconds"] > 0 for one in results)
    assert result.seconds == pytest.approx(sum(one["seconds"] for one in results))
    assert result.seconds < time.perf_counter() - begin
    best = [work / folder / one["best_checkpoint"] for folder, one in zip(FOLDERS, results, strict=True)]
    assert f"stage 2 of 3, fine-tune: from {best[0]}, into {work / FOLDERS[1]}" in capsys.readouterr().out
    # Each starts from the best of the one before; the third learns nothing, so it shows what it started from.
    assert f"load_from {best[1]}: " in log_of(work / FOLDERS[2])
    last, before = weights(result.checkpoint), weights(best[1])
    assert last["head.fc.weight"].shape == (5, 64)
    assert all(torch.equal(last[name], before[name]) for name in last if not name.startswith("head"))
    assert torch.equal(last["head.fc.weight"][[4, 3, 1]], before["head.fc.weight"])  # by name
    # The resolved config of a stage stands alone, and the staged one stands for its last stage.
    assert "stages" not in load_config(work / FOLDERS[1] / "staged.py")
    assert load_config(work / FOLDERS[1] / "staged.py").train_dataloader.batch_size == 12
    assert "seed=3" in (work / FOLDERS[0] / "staged.py").read_text()
    assert "accuracy/top1" in run_test(cfg, result.checkpoint)
    (prediction,) = KDXFInferencer(cfg, result.checkpoint)([tiny_images / "val" / "red" / "0.png"])
    assert prediction.error is None and len(prediction.scores) == 5


def test_resume(staged):
    cfg = load_config(staged)
    first = train(cfg, resume=True)  # nothing is there yet
    work = Path(cfg.work_dir)
    assert train(cfg, resume=True) == first  # all is there
    with pytest.raises(UserError, match="1_warm-up holds a finished stage: add --resume to go on after it, or remove"):
        train(cfg)

    for changed, options in ({"randomness.seed": 5}, {}), ({}, {"amp": True}):
        with pytest.raises(UserError, match=r"1_warm-up holds a stage with other settings \(the config or the options"):
            train(load_config(staged, changed), resume=True, **options)

    # What a run that was killed in the second epoch of its second stage leaves behind.
    (work / FOLDERS[1] / "result.json").unlink()
    with pytest.raises(UserError, match="3_all-classes holds a run, but the stage before it is not finished; remove"):
        train(cfg, resume=True)
    (work / FOLDERS[2]).rename(work / "aside")
    straight = weights(work / FOLDERS[1] / "epoch_2.pth")
    (work / FOLDERS[1] / "epoch_2.pth").unlink()
    (work / FOLDERS[1] / "last_checkpoint").write_text(str(work / FOLDERS[1] / "epoch_1.pth"))
    stamp = (work / FOLDERS[0] / "result.json").stat().st_mtime_ns
    second = train(cfg, resume=True)
    assert (work / FOLDERS[0] / "result.json").stat().st_mtime_ns == stamp
    assert "resumed epoch: 1, iter: 2" in log_of(work / FOLDERS[1])
    again = weights(work / FOLDERS[1] / "epoch_2.pth")
    assert all(torch.equal(straight[name], again[name]) for name in again)
    one, other = weights(first.checkpoint.parents[1] / "aside" / first.checkpoint.name), weights(second.checkpoint)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_seconds_of_finished_stages_count(staged):
    """A run that is stopped in its third stage has taken the time of the first two, and of the third from anew."""
    seconds = iter([1.0, 2.0, KeyboardInterrupt, 4.0])

    def run(cfg):
        taken = next(seconds)
        if taken is KeyboardInterrupt:
            raise taken
        return TrainResult({}, 0.5, 1, Path(cfg.work_dir, "epoch_1.pth"), None, seconds=taken)

    with pytest.raises(KeyboardInterrupt):
        train_stages(load_config(staged), run, resume=True, options={})
    assert train_stages(load_config(staged), run, resume=True, options={}).seconds == 7
    assert train_stages(load_config(staged), run, resume=True, options={}).seconds == 7  # nothing is run


@pytest.mark.slow
def test_killed_and_resumed(staged, repo, run_tool, tmp_path):
    """The tool, killed when its second stage has begun, ends with what an unbroken run gives."""
    cfg = load_config(staged, {"work_dir": str(tmp_path / "straight")})
    straight = weights(train(cfg).checkpoint)
    command = [sys.executable, str(repo / "tools" / "train.py"), str(staged), "--work-dir", str(tmp_path / "killed")]
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}  # sums depend on it in the last digit
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    deadline = time.monotonic() + 200
    while not (tmp_path / "killed" / FOLDERS[1] / "epoch_1.pth").is_file() and time.monotonic() < deadline:
        assert first.poll() is None or (tmp_path / "killed" / FOLDERS[1]).is_dir()
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    done = run_tool("tools/train.py", staged, "--work-dir", tmp_path / "killed", "--resume")
    assert done.returncode == 0, done.stderr
    assert "stage 1 of 3, warm-up: finished already" in done.stdout
    resumed = weights(tmp_path / "killed" / FOLDERS[2] / "epoch_1.pth")
    assert all(torch.allclose(straight[name], resumed[name], atol=1e-6) for name in straight)


def test_budget_ends_the_command(staged):
    add(staged, "stages[1]['custom_hooks'] = [dict(type='BudgetHook', steps=1)]\n")
    cfg = load_config(staged)
    result = train(cfg)
    work = Path(cfg.work_dir)
    assert not result.finished and sorted(path.name for path in work.iterdir()) == [*FOLDERS[:2]]
    assert not (work / FOLDERS[1] / "result.json").exists()
    for _ in range(3):
        result = train(cfg, resume=True)
    assert result.finished and (work / FOLDERS[2] / "result.json").is_file()


def test_weights_of_ones_own_and_no_validation(staged, tiny_trained):
    add(staged, f"stages[1]['load_from'] = {str(tiny_trained.checkpoint)!r}\n")
    cfg = load_config(staged)
    result = train(cfg, validate=False)
    work = Path(cfg.work_dir)
    assert f"load_from {tiny_trained.checkpoint}: " in log_of(work / FOLDERS[1])
    assert f"load_from {work / FOLDERS[1] / 'epoch_2.pth'}: " in log_of(work / FOLDERS[2])  # the last
    assert result.best_checkpoint is None


def test_options_go_to_the_common_part(staged):
    cfg = load_config(staged, {"train_cfg.max_epochs": 7, "stages.2.train_cfg.max_epochs": 3, "load_from": "a.pth"})
    stages = plan_stages(cfg)
    assert [stage.cfg.train_cfg.max_epochs for stage in stages] == [1, 7, 3]
    assert [stage.cfg.load_from for stage in stages] == ["a.pth", None, None]
    assert stages[2].cfg.optim_wrapper == {"optimizer": {"type": "Adam", "lr": 0.0}}
    assert stages[1].cfg.optim_wrapper.optimizer.momentum == 0.9 and "custom_hooks" not in stages[1].cfg
    assert len({stage.settings for stage in stages}) == 3
    assert [stage.settings for stage in plan_stages(cfg, {"seed": 1})] != [stage.settings for stage in stages]
    assert len(cfg.stages) == 3 and cfg.stages[1].name == "fine-tune"  # not changed


def test_last_stage(staged, tiny_config):
    cfg = load_config(staged)
    assert last_stage(cfg).model.head.num_classes == 5 and last_stage(cfg).work_dir == cfg.work_dir
    plain = load_config(tiny_config)
    assert last_stage(plain) is plain


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([{"train_cfg": {}}], "stages: stage 1 needs a name that can name a folder, such as name='warm-up'"),
        (["warm-up"], "stages: stage 1 needs a name"),
        ([{"name": "a/b"}], "stages: stage 1 needs a name"),
        ([{"name": "a"}, {"name": "a"}], "stages: there are two stages 'a'; give each a name of its own"),
        ([{"name": "a", "work_dir": "x"}], "stages: stage 'a' sets work_dir, which only the config itself may set"),
        ([{"name": "a", "visualizer.name.x": 1, "model": {"neck": 1, "type": {"a": 2}}}], "does not fit the config: "),
    ],
)
def test_stages_that_cannot_be_used(tiny_config, stages, message):
    cfg = load_config(tiny_config)
    cfg.stages = stages
    with pytest.raises(UserError, match=message):
        train(cfg)


def test_a_checkpoint_says_no_stage(staged, tiny_trained):
    with pytest.raises(UserError, match=r"--resume .*.pth: the config has stages; --resume alone goes on with the"):
        train(load_config(staged), resume=tiny_trained.checkpoint)


def test_nothing_saved(staged):
    cfg = load_config(staged)
    cfg.default_hooks.checkpoint = None
    with pytest.raises(UserError, match="1_warm-up: nothing was saved; default_hooks.checkpoint must save the last"):
        train(cfg)


def test_files_of_all_stages(tiny_config, tmp_path):
    for name in ("start", "head", "test"):
        (tmp_path / f"{name}.pth").write_text(name)
    init = {"init_cfg": {"type": "Pretrained", "checkpoint": str(tmp_path / "head.pth")}}
    options = {"load_from": str(tmp_path / "start.pth"), "test_dataloader.dataset.ann_file": str(tmp_path / "test.pth")}
    assert training_files(load_config(tiny_config)) == {}
    found = training_files(load_config(tiny_config, options))
    assert found == config_contents({"load_from": str(tmp_path / "start.pth")})
    stages = {"stages": [{"name": "one"}, {"name": "two", "model": {"head": init}}]}
    staged = training_files(load_config(tiny_config, {**options, **stages}))
    assert staged == {**found, **config_contents({"checkpoint": str(tmp_path / "head.pth")})}
