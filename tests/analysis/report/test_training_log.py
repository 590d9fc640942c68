"""Training curves, from the files of MMEngine."""

import json

from kdxf.analysis.report.training_log import read_training_log


def write(folder, lines):
    (folder / "vis_data").mkdir(parents=True)
    (folder / "vis_data" / "scalars.json").write_text("\n".join(lines), encoding="utf-8")


def train(epoch, step, loss):
    return json.dumps({"lr": 0.1, "loss": loss, "time": 1.0, "epoch": epoch, "iter": step, "step": step})


def test_a_run_that_was_resumed(tmp_path):
    """Epoch 2 was stopped and repeated; the first log ends in the middle of a line."""
    first = [train(1, 10, 4.0), train(1, 20, 2.0), json.dumps({"accuracy/top1": 50.0, "step": 1}), train(2, 30, 9.0)]
    write(tmp_path / "20260101_000000", [*first, '{"lr": 0.1, "lo'])
    write(tmp_path / "20260102_000000", [train(2, 30, 1.0), json.dumps({"accuracy/top1": 60.0, "time": 1, "step": 2})])
    table = read_training_log(tmp_path / "epoch_2.pth")
    assert table.to_dict("split")["data"] == [
        [1, "accuracy/top1", 50.0],
        [2, "accuracy/top1", 60.0],
        [1, "loss", 3.0],
        [2, "loss", 1.0],
    ]


def test_by_iterations(tmp_path):
    write(tmp_path / "run", [json.dumps({"lr": 0.1, "loss": 3, "step": 10, "iter": 10})])
    assert read_training_log(tmp_path / "iter_10.pth").to_dict("split")["data"] == [[10, "loss", 3.0]]


def test_without_a_log(tmp_path):
    assert read_training_log(tmp_path / "a.pth").empty
