import os

import pandas as pd
import pytest
import torch
from mmengine.config import Config

from kdxf.analysis import cost_sheet as module
from kdxf.analysis.cost_measure import Cost, machine
from kdxf.analysis.cost_sheet import cost_sheet, hours, markdown, table_row, write_sheet
from kdxf.errors import UserError

COST = Cost(
    parameters=11_689_512,
    macs=1_814_000_000,
    inputs={"img": (3, 224, 224), "text_ids": (256,)},
    batch_size=32,
    train_seconds=0.64,
    predict_seconds=0.16,
    train_memory=3 * 2**30,
    predict_memory=2**29,
    largest_batch=48,
)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_row():
    assert table_row("a.py", COST, 1.2345) == {
        "config": "a.py",
        "inputs": "img 3x224x224, text_ids 256",
        "parameters (M)": 11.69,
        "GMACs per image": 1.814,
        "batch": 32,
        "train (ms/step)": 640,
        "train (ms/image)": 20,
        "train (GiB)": 3,
        "predict (ms/image)": 5,
        "predict (GiB)": 0.5,
        "training (hours)": 1.23,
        "largest batch": 48,
    }


def test_hours():
    # 10 epochs of 3,200 images are 1,000 steps of 0.64 s.
    by_epoch = Config(dict(train_cfg=dict(by_epoch=True, max_epochs=10)))
    assert hours(by_epoch, COST, 3200) == pytest.approx(640 / 3600)
    assert hours(by_epoch, COST, None) is None
    by_step = Config(dict(train_cfg=dict(by_epoch=False, max_iters=500)))
    assert hours(by_step, COST, None) == pytest.approx(320 / 3600)
    assert hours(Config(dict(train_cfg=by_epoch.train_cfg, stages=[dict(name="a")])), COST, 3200) is None


def test_sheet(tiny_config, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_in_own_process", lambda work, *arguments: COST)
    rows = list(cost_sheet([tiny_config, tmp_path / "none.py"], images=32))
    assert rows[0] == table_row(str(tiny_config), COST, 2 * 0.64 / 3600)
    assert rows[1][
        "error"
    ] == f"config file {tmp_path}/none.py does not exist; give the path of a .py file, such as " + (
        "configs/moe_r101.py"
    )
    table = markdown(rows).splitlines()
    assert table[0].startswith("| config | inputs | parameters (M) |") and table[0].endswith(
        "| largest batch | error |"
    )
    assert table[3].startswith(f"| {tmp_path}/none.py |  |  |")
    assert table[5].startswith(f"Measured on {machine().split(',')[0]}")

    write_sheet(rows, tmp_path / "new" / "sheet.md")
    assert (tmp_path / "new" / "sheet.md").read_text().splitlines()[:4] == table[:4]
    write_sheet(rows, tmp_path / "sheet.csv")
    frame = pd.read_csv(tmp_path / "sheet.csv")
    assert frame["batch"].tolist()[0] == 32 and frame["machine"].notna().all()


def test_a_process_that_dies_costs_its_row_alone():
    with pytest.raises(UserError, match="the process was killed, probably for want of memory; try --batch-size"):
        module._in_own_process(os._exit, 9)


def test_memory_without_a_gpu(no_gpu):
    with pytest.raises(UserError, match="--memory: the largest batch is found by trying on a GPU, and there is none"):
        next(cost_sheet(["a.py"], memory=2**30))


def test_more_memory_than_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: type("P", (), {"total_memory": 2**32}))
    with pytest.raises(UserError, match="--memory: 6.0 GiB are asked for, but the GPU has 4.0"):
        next(cost_sheet(["a.py"], memory=6 * 2**30))


def test_name_of_the_file(tmp_path):
    with pytest.raises(UserError, match="--out .*sheet.txt: the name must end with .md or .csv"):
        write_sheet([], tmp_path / "sheet.txt")
