from functools import partial

import pandas as pd
import pytest

from kdxf.io.predictions import read_predictions


@pytest.fixture
def call(run_tool, tmp_path):
    (tmp_path / "classes.txt").write_text("Oat_Milk\nSoy_Milk\n")
    (tmp_path / "val.csv").write_text("image,label\na.jpg,Soy_Milk\nb.jpg,Oat_Milk\nc.jpg,Oat_Milk\n")
    (tmp_path / "answers.csv").write_text("image,answer\nb.jpg,oat milk\na.jpg,Soy_Milk\nc.jpg,a drink\n")
    named = ("--classes", tmp_path / "classes.txt", "--list", tmp_path / "val.csv", "--out", tmp_path / "vlm.parquet")
    return partial(run_tool, "tools/data/answers.py", tmp_path / "answers.csv", *named)


def test_unmatched_answers_end_it_count_as_wrong_or_are_given_a_class(call, tmp_path):
    done = call("--unmatched-csv", tmp_path / "left.csv")
    assert done.returncode == 2 and not (tmp_path / "vlm.parquet").exists()
    assert "answers.csv: 1 of 3 answers are no class: 'a drink' (1); say what they mean with --meanings" in done.stderr
    done = call("--unmatched", "wrong")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("3 answers\n1 are no class and count as wrong: 'a drink' (1)\ntop-1 66.7 %\n")
    found = read_predictions(tmp_path / "vlm.parquet")
    assert found.images == ["a.jpg", "b.jpg", "c.jpg"] and found.scores.argmax(axis=1).tolist() == [1, 0, 1]
    table = pd.read_csv(tmp_path / "left.csv").assign(label="Oat_Milk")
    table.to_csv(tmp_path / "left.csv", index=False)
    done = call("--meanings", tmp_path / "left.csv")
    assert done.returncode == 0 and done.stdout.endswith("3 answers\ntop-1 100.0 %\n"), done.stderr


def test_name_of_the_result(call):
    done = call("--out", "vlm.csv")
    assert done.returncode == 2 and "--out vlm.csv: the name must end with .parquet" in done.stderr
