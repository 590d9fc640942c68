import re

import pytest

from kdxf.analysis.runs.ledger import find_trainings, ledger, main_score, markdown, sort_ledger, write_page
from kdxf.errors import UserError

CONFIG = (
    "train_cfg = dict(by_epoch=True, max_epochs=2)\n"
    "val_dataloader = dict(dataset=dict(data_root='data', ann_file='{list}'))\n"
)


def rows(*scores):
    return [
        {"top1": top1, "top1_stderr": 1.0, "loss": loss, "step": step} for step, (top1, loss) in enumerate(scores, 1)
    ]


@pytest.fixture
def folder(write_session, tmp_path):
    """Three trainings at different depths, one not validated, and a test."""
    config = CONFIG.format(list="val.csv")
    done = ["Exp name: moe_20260101_100000", "Epoch(val) [2][7/7]"]
    write_session("moe/fold_0", "20260101_100000", config=config, rows=rows((60, 2), (50, 1)), lines=done, seed=7)
    other = CONFIG.format(list="other.csv")
    write_session("text/2_fine", "20260102_100000", config=other, rows=rows((55.5, 0.5)), lines=["Epoch(val) [1][7/7]"])
    write_session("bare", "20260103_100000", minutes=2)
    write_session("tested", "20260104_100000", trains=False)
    return tmp_path


def test_a_row_for_each_training(folder):
    trainings = find_trainings(folder)
    table = ledger(trainings, folder)
    assert table["run"].tolist() == ["bare", "moe/fold_0", "text/2_fine"]
    assert main_score(trainings) == "top1"
    moe = table.iloc[1].to_dict()
    assert moe["config digest"] == trainings[1].digest
    known = {
        **{"config": "moe", "started": "2026-01-01 10:00", "state": "finished", "done": 2, "planned": 2},
        **{"unit": "epochs", "minutes": 6.0, "seed": 7, "device": "CPU, 4 cores", "version": "0.1.0", "commit": ""},
        **{"validation list": "data/val.csv", "data digest": "", "epoch of best": 1},
        **{"best top1": 60, "last top1": 50, "best loss": 2, "last loss": 1},
    }
    assert {name: moe[name] for name in known} == known
    assert table["epoch of best"].isna().tolist() == [True, False, False]
    assert table["best top1"].isna().tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("top1", ["moe/fold_0", "text/2_fine", "bare"]),
        ("last top1", ["text/2_fine", "moe/fold_0", "bare"]),
        ("loss", ["text/2_fine", "moe/fold_0", "bare"]),
        ("minutes", ["bare", "moe/fold_0", "text/2_fine"]),
        ("seed", ["bare", "text/2_fine", "moe/fold_0"]),
        ("epoch of best", ["moe/fold_0", "text/2_fine", "bare"]),
    ],
)
def test_sort(folder, by, order):
    table = ledger(find_trainings(folder), folder)
    assert sort_ledger(table, by)["run"].tolist() == order


def test_sort_by_nothing_known(folder):
    table = ledger(find_trainings(folder), folder)
    with pytest.raises(
        UserError, match="--sort top5: there is no such score or column; take one of loss, top1, top1_s"
    ):
        sort_ledger(table, "top5")


def test_markdown(folder):
    table = ledger(find_trainings(folder), folder)
    digests = [digest[:8] for digest in table["config digest"]]
    assert markdown(sort_ledger(table, "top1"), "top1").splitlines()[2:] == [
        f"| moe/fold_0 | moe | 60.00 | 50.00 | 2/2 | finished | 6.0 | 7 | {digests[1]} |  | 2026-01-01 10:00 |",
        f"| text/2_fine | milk | 55.50 | 55.50 | 1/2 | not finished | 6.0 | 0 | {digests[2]} |  | 2026-01-02 10:00 |",
        f"| bare | milk |  |  | 0/2 | not finished | 2.0 | 0 | {digests[0]} |  | 2026-01-03 10:00 |",
    ]
    assert "best" not in markdown(table, None)


def test_page(folder, tmp_path):
    table = ledger(find_trainings(folder), folder)
    write_page(table, "top1", tmp_path / "runs.html")
    page = (tmp_path / "runs.html").read_text(encoding="utf-8")
    assert "3 trainings in 3 folders." in page
    assert "The best" not in page
    assert "They were validated on 2 lists; only scores on the same list can be compared." in page
    assert "Not finished: bare, text/2_fine. One of them may still be running" in page
    assert table["config digest"][0][:8] in page
    assert table["config digest"][0] not in page
    assert "top1_stderr" not in page
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(<td.*?)</tr>", page, re.DOTALL)]
    assert rows[:2] == [
        ["data/other.csv", "1", "55.5", "text/2_fine", "epoch 1"],
        ["data/val.csv", "1", "60.0", "moe/fold_0", "epoch 1"],
    ]
    assert [len(row) for row in rows[2:]] == [2 + 4 + 16] * 3
    assert [row[:4] for row in rows[2:]] == [
        ["bare", "milk", "–", "–"],
        ["moe/fold_0", "moe", "2.00", "1.00"],
        ["text/2_fine", "milk", "0.50", "0.50"],
    ]


def test_page_of_one_list(write_session, tmp_path):
    config = CONFIG.format(list="val.csv")
    write_session("one", "20260101_100000", config=config, rows=rows((60, 2), (61, 1)))
    write_session("two", "20260101_100000", config=config, rows=rows((50, 2)))
    write_page(ledger(find_trainings(tmp_path), tmp_path), "top1", tmp_path / "runs.html")
    page = (tmp_path / "runs.html").read_text(encoding="utf-8")
    assert "The best top1 is 61.00, of one after epoch 2." in page
    assert "Best on each validation list" not in page


def test_page_of_one(write_session, tmp_path):
    write_session("run", "20260101_100000", lines=["Epoch(val) [2][7/7]"])
    write_page(ledger(find_trainings(tmp_path), tmp_path), None, tmp_path / "runs.html")
    page = (tmp_path / "runs.html").read_text(encoding="utf-8")
    assert "1 training in 1 folder." in page
    assert "Not finished" not in page
    assert "The best" not in page


def test_no_training(write_session, tmp_path):
    with pytest.raises(UserError, match=r"nowhere: no such folder; name one that holds runs, such as work_dirs"):
        find_trainings(tmp_path / "nowhere")
    write_session("tested", "20260104_100000", trains=False)
    with pytest.raises(UserError, match=r"holds no training \(a folder such as 20260131_120000 with its log\)"):
        find_trainings(tmp_path)
