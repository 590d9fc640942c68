import csv
from pathlib import Path

import pytest
from mmpretrain.structures import DataSample

from kdxf.engine.hooks import UnreadableImageHook
from kdxf.engine.hooks import unreadable_image_hook as module


class Runner:
    def __init__(self, folder):
        self.log_dir = folder
        self.warnings = []
        self.logger = self

    def warning(self, message):
        self.warnings.append(message)


def sample(path, error=None):
    return DataSample(metainfo={"img_path": path, "error": error})


def listed(runner):
    with Path(runner.log_dir, "unreadable_images.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path)


def test_names_each_image_once(runner):
    hook = UnreadableImageHook()
    batch = {"inputs": None, "data_samples": [sample("a.jpg"), sample("坏, 的.jpg", "truncated")]}
    for _ in range(2):
        hook.after_train_iter(runner, 0, data_batch=batch)
    assert runner.warnings == ["unreadable image 坏, 的.jpg: truncated"]
    hook.after_train_epoch(runner)
    assert listed(runner) == [["image", "reason"], ["坏, 的.jpg", "truncated"]]
    assert runner.warnings[1].startswith("1 images cannot be read and count as blank ones;")

    hook.after_val_iter(runner, 0, data_batch={"data_samples": [sample("b.jpg", "empty file")]})
    hook.after_val_epoch(runner)
    assert listed(runner)[1:] == [["坏, 的.jpg", "truncated"], ["b.jpg", "empty file"]]
    hook.after_train_epoch(runner)
    assert len(runner.warnings) == 4  # nothing new, nothing said
    assert [path.name for path in runner.log_dir.iterdir()] == ["unreadable_images.csv"]


def test_views_of_test_time_augmentation(runner):
    hook = UnreadableImageHook()
    views = [[sample("a.jpg", "empty file"), sample("b.jpg")]] * 2
    hook.after_test_iter(runner, 0, data_batch={"data_samples": views})
    assert runner.warnings == ["unreadable image a.jpg: empty file"]


def test_other_batches_pass(runner):
    hook = UnreadableImageHook()
    for batch in (None, [1, 2], {"inputs": 1}, {"data_samples": None}, {"data_samples": [DataSample()]}):
        hook.after_test_iter(runner, 0, data_batch=batch)
    hook.after_test_epoch(runner)
    assert runner.warnings == [] and list(runner.log_dir.iterdir()) == []


def test_several_processes(runner, monkeypatch):
    monkeypatch.setattr(module, "all_gather_object", lambda mine: [mine, {"theirs.jpg": "empty file"}])
    hook = UnreadableImageHook()
    hook.after_train_iter(runner, 0, data_batch={"data_samples": [sample("mine.jpg", "truncated")]})
    hook.after_train_epoch(runner)
    assert listed(runner)[1:] == [["mine.jpg", "truncated"], ["theirs.jpg", "empty file"]]
    assert "unreadable image theirs.jpg: empty file" in runner.warnings
