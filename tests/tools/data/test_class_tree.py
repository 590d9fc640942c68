import runpy
import sys

import pandas as pd
import pytest

from kdxf.io.class_tree import read_class_tree


@pytest.fixture
def call(repo, monkeypatch, capsys, tmp_path):
    rows = "a.jpg,tea,drinks,dry\nb.jpg,milk,drinks,cold\nc.jpg,pear,fruit,cold\nd.jpg,tea,drinks,dry\n"
    (tmp_path / "train.csv").write_text("image,label,coarse_label,level_1\n" + rows)
    (tmp_path / "classes.txt").write_text("milk\npear\ntea\n")

    def call(*arguments):
        arguments = (tmp_path / "train.csv", "--out", tmp_path / "tree.csv", *arguments)
        monkeypatch.setattr(sys, "argv", ["class_tree.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "data" / "class_tree.py"), run_name="__main__")
        return end.value.code, capsys.readouterr()

    return call


def test_writes_a_tree_that_can_be_read(call, tmp_path):
    code, said = call()
    assert code == 0 and "tree.csv: fine 3, coarse 2\n" in said.out
    assert (tmp_path / "tree.csv").read_text() == "fine,coarse\nmilk,drinks\npear,fruit\ntea,drinks\n"
    code, said = call()
    assert code == 2 and "tree.csv: is there already" in said.err
    code, said = call("--levels", "level_1", "--overwrite")
    assert code == 0 and "fine 3, coarse 2, level_1 2\n" in said.out
    tree = read_class_tree(tmp_path / "tree.csv")
    assert tree.parents.tolist() == [0, 1, 0] and tree.level("level_1").parents.tolist() == [0, 0, 1]


def test_a_missing_column_ends_with_one_line(call):
    code, said = call("--coarse", "shelf")
    assert code == 2 and "no column 'shelf'" in said.err and "Traceback" not in said.err


def test_learns_a_tree_from_what_is_confused(call, tmp_path):
    scores = [[0.0, 0.4, 0.6], [0.9, 0.1, 0.0], [0.1, 0.5, 0.4], [0.0, 0.3, 0.7]]
    frame = pd.DataFrame({"image": ["a.jpg", "b.jpg", "c.jpg", "d.jpg"], "scores": scores})
    frame["pred_label"], frame["score"] = [2, 0, 1, 2], [0.6, 0.9, 0.5, 0.7]
    frame.to_parquet(tmp_path / "oof.parquet")
    code, said = call("--parents", 2, "--predictions", tmp_path / "oof.parquet")
    assert code == 0 and "tree.csv: fine 3, coarse 2\n" in said.out
    assert (tmp_path / "tree.csv").read_text() == 'fine,coarse\nmilk,milk\npear,"pear, tea"\ntea,"pear, tea"\n'
    assert read_class_tree(tmp_path / "tree.csv").parents.tolist() == [0, 1, 1]
    code, said = call("--parents", 3, "--predictions", tmp_path / "oof.parquet", "--overwrite")
    assert code == 2 and "error: --parents 3: give at least 2, and fewer than the 3 classes" in said.err
    code, said = call("--parents", 2, "--predictions", tmp_path / "train.csv", "--overwrite")
    assert code == 2 and "is an input" not in said.err and "Traceback" not in said.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--parents", 2), "--parents and --predictions: a tree is learned with both, and read from columns with"),
        (("--predictions", "p.parquet"), "--parents and --predictions: a tree is learned with both"),
        (("--ocr", "ocr"), "--ocr: names the classes that are learned; give --parents and --predictions as well"),
        (
            ("--parents", 2, "--predictions", "p.parquet", "--levels", "level_1"),
            "--levels: are columns of LIST, and --parents learns the tree; give one of them",
        ),
    ],
)
def test_options_that_do_not_go_together(call, options, message):
    code, said = call(*options)
    assert code == 2 and message in said.err
