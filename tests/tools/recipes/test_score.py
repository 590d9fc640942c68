from functools import partial

import numpy as np

from kdxf.io.predictions import Predictions, write_predictions


def test_table_and_errors(run_tool, tmp_path, monkeypatch):
    scores = np.array([[0.75, 0.25], [0.25, 0.75]], np.float32)
    seen = np.array([False, False])
    write_predictions(Predictions(["a", "b"], scores, ("x", "y"), np.array([0, 0]), seen=seen), tmp_path / "p.parquet")
    (tmp_path / "c.py").write_text("val_evaluator = dict(type='Accuracy', topk=(1,))")

    monkeypatch.chdir(tmp_path)
    tool = partial(run_tool, "tools/recipes/score.py", "c.py")
    found = tool("p.parquet", "again=p.parquet", "--out", "new/t.md")
    table = (
        "| name | images | accuracy/top1 | top-1, 95 % | top-1 against p, 95 % |\n| --- | --- | --- | --- | --- |\n"
        "| p | 2 | 50.00 | 0.00 to 100.00 |  |\n| again | 2 | 50.00 | 0.00 to 100.00 | +0.00 (+0.00 to +0.00) |\n"
    )
    assert found.stdout == table and (tmp_path / "new" / "t.md").read_text() == table
    assert tool("p.parquet", "again=p.parquet", "--out", "t.csv").stdout == table
    by_class = "\n| class | images | p | again |\n| --- | --- | --- | --- |\n| x | 2 | 50 | 50 |\n"
    assert tool("p.parquet", "again=p.parquet", "--per-class").stdout == table + by_class
    assert (tmp_path / "t.csv").read_text() == (
        "name,images,trained on,accuracy/top1,top-1 from,top-1 to,gain,gain from,gain to\n"
        "p,2,0,50.0,0.0,100.0,,,\nagain,2,0,50.0,0.0,100.0,0.0,0.0,0.0\n"
    )
    assert tool("p.parquet", "p.parquet").stderr == (
        "error: FILE: two files are called 'p'; give one another name, as NAME=p.parquet\n"
    )
    (tmp_path / "c.py").write_text("val_evaluator = None")
    wrong = tool("p.parquet")
    message = "error: config c.py has no val_evaluator to score by; give a config that validates\n"
    assert (wrong.returncode, wrong.stderr) == (2, message)
    wrong = tool("p.parquet", "--out", "t.txt")
    assert wrong.returncode == 2 and wrong.stderr == "error: --out t.txt: the name must end with .md or .csv\n"


def test_a_table_for_excel(run_tool, tmp_path):
    write_predictions(Predictions(["a"], np.ones((1, 1), np.float32), ("x",), np.array([0])), tmp_path / "p.parquet")
    (tmp_path / "c.py").write_text("val_evaluator = dict(type='Accuracy', topk=(1,))")
    options = (tmp_path / "c.py", f"@a={tmp_path / 'p.parquet'}", "--out", tmp_path / "t.csv", "--excel")
    done = run_tool("tools/recipes/score.py", *options)
    assert done.returncode == 0, done.stderr
    data = (tmp_path / "t.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfname,images,") and b"\n'@a,1," in data
