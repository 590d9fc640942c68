from types import SimpleNamespace

import pytest

from kdxf.engine.hooks import LeftOutTextHook
from kdxf.engine.hooks import left_out_text_hook as module


@pytest.fixture
def runner(monkeypatch):
    monkeypatch.setattr(module, "long_documents", lambda dataset: [f"long in {dataset}"] * 2)
    monkeypatch.setattr(module, "cropped_lines", lambda dataset: [f"cropped in {dataset}"])
    said = []
    return SimpleNamespace(
        train_dataloader=SimpleNamespace(dataset="train"),
        val_dataloader=SimpleNamespace(dataset="val"),
        val_loop=object(),
        logger=SimpleNamespace(warning=said.append),
        said=said,
    )


def test_warns_once_of_each(runner):
    LeftOutTextHook().before_train(runner)
    assert runner.said == ["long in train", "cropped in val"]


def test_without_validation(runner):
    runner.val_loop = None
    LeftOutTextHook().before_train(runner)
    assert runner.said == ["long in train"]


def test_one_process_speaks(runner, monkeypatch):
    monkeypatch.setattr(module, "is_main_process", lambda: False)
    LeftOutTextHook().before_train(runner)
    assert runner.said == []
