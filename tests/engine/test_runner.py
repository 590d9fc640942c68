import errno
import logging
from multiprocessing import active_children

import pytest
from mmengine.logging import MessageHub, MMLogger
from mmengine.visualization import Visualizer

from kdxf.engine.config import load_config
from kdxf.engine.runner import open_runner


def test_leaves_nothing_behind(tiny_config):
    cfg = load_config(tiny_config)
    cfg.launcher = "none"
    tables = [kind._instance_dict for kind in (MMLogger, MessageHub, Visualizer)]
    before = [list(table) for table in tables]
    for _ in range(2):  # within one second both have the same name
        with open_runner(cfg) as runner:
            hub, handlers = runner.message_hub, runner.logger.handlers
            assert "seen" not in hub.runtime_info
            hub.update_info("seen", True)
        files = [handler for handler in handlers if isinstance(handler, logging.FileHandler)]
        assert files and all(file.stream is None for file in files)  # closed
        assert [list(table) for table in tables] == before


def test_workers_end_with_the_run(tiny_config):
    workers = {"num_workers": 1, "persistent_workers": True}
    cfg = load_config(tiny_config, {"train_cfg.max_epochs": 1})
    cfg.train_dataloader.update(workers)
    cfg.val_dataloader.update(workers)
    with open_runner(cfg) as runner:
        started = []
        runner.call_hook = lambda name, **_: started.append(len(active_children()))
        runner.train()
        assert max(started) == 2
    assert active_children() == []


def test_cleans_up_after_a_failure(tiny_config):
    cfg = load_config(tiny_config, {"model.type": "None"})
    before = list(MMLogger._instance_dict)
    with pytest.raises(KeyError), open_runner(cfg):
        pass
    assert list(MMLogger._instance_dict) == before


def test_a_log_on_a_full_disk_ends_the_run(tiny_config, monkeypatch, capsys):
    def full(handler):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left") as raised, open_runner(load_config(tiny_config)) as runner:
        monkeypatch.setattr(logging.FileHandler, "flush", full)
        runner.logger.info("what happens")
    monkeypatch.undo()
    assert raised.value.filename.endswith(".log") and "Logging error" not in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError), open_runner(load_config(tiny_config)):
        raise ZeroDivisionError
    assert logging.FileHandler.handleError is logging.Handler.handleError
