import json

import pandas as pd

from kdxf.recipes.submission import write_submission

TABLE = pd.DataFrame({"image": ["1.jpg", "2, b.jpg"], "category": ["奶粉", "x"], "score": [0.123456, 1.0]})


def test_csv(tmp_path):
    write_submission(TABLE, tmp_path / "new" / "s.csv", decimals=3)
    assert (tmp_path / "new" / "s.csv").read_bytes().decode() == (
        'image,category,score\n1.jpg,奶粉,0.123\n"2, b.jpg",x,1.000\n'
    )
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["s.csv"]


def test_numbers_stay_numbers_in_json(tmp_path):
    table = pd.DataFrame({"id": [7, "a"], "class": [2, 3], "score": [0.5, 1]})
    write_submission(table, tmp_path / "s.json", as_json=True)
    assert json.loads((tmp_path / "s.json").read_text()) == [
        {"id": 7, "class": 2, "score": 0.5},
        {"id": "a", "class": 3, "score": 1.0},
    ]
    assert '"class": 2,' in (tmp_path / "s.json").read_text()


def test_json(tmp_path):
    write_submission(TABLE, tmp_path / "s.json", as_json=True, decimals=3)
    text = (tmp_path / "s.json").read_text(encoding="utf-8")
    assert "奶粉" in text and json.loads(text) == [
        {"image": "1.jpg", "category": "奶粉", "score": 0.123},
        {"image": "2, b.jpg", "category": "x", "score": 1.0},
    ]
