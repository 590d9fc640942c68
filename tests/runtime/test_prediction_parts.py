from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdxf_runtime.categories import Categories
from kdxf_runtime.errors import UserError
from kdxf_runtime.prediction_parts import MadeBy, PredictionParts, key_of, part_schema, to_arrow, to_rows
from kdxf_runtime.predictions import Prediction

MADE_BY = MadeBy("digest", False, "always", False)
CATEGORIES = Categories((5, 7, 9), ("a", "b", "c"))


def label(index=1, scores=(0.1, 0.7, 0.2), **options):
    scores = np.array(scores, np.float32)
    ids, names = CATEGORIES.ids, CATEGORIES.names
    return Prediction(
        "x", ids[index], names[index], float(scores[index]), scores, options.pop("error", None), **options
    )


def same(one, other):
    return np.array_equal(one.scores, other.scores) and replace(one, scores=None) == replace(other, scores=None)


def test_rows_there_and_back():
    full = label(labels=(1, 2), likely=(2, 1), unlike=True, text="read", error="broken")
    rows = [("图 1.jpg", full), ("b", label(labels=(), likely=(), unlike=False))]
    back = list(to_rows(to_arrow(rows, with_scores=True), CATEGORIES))
    assert [key for key, _ in back] == ["图 1.jpg", "b"]
    assert all(same(replace(one, image_id=key), other) for (key, one), (_, other) in zip(rows, back, strict=True))


def test_without_all_scores_the_best_one_stays():
    ((_, back),) = to_rows(to_arrow([("a", label())], with_scores=False), CATEGORIES)
    assert back.scores.tolist() == [0, np.float32(0.7), 0]
    assert (back.category_id, back.score) == (7, float(np.float32(0.7)))


def test_parts_in_the_order_of_the_keys(tmp_path):
    with PredictionParts(tmp_path / "p", MADE_BY, part_rows=2) as parts:
        assert parts.missing(["b", "a", "b"]) == [0, 1]
        for key, index in (("a", 0), ("b", 1), ("c", 2)):
            parts.add((key, label(index)))
        parts.flush()
        assert parts.missing(["c", "d", "a", "e", "d"]) == [1, 3]
        found = list(parts.predictions(["c", "a", "c"], CATEGORIES))
        assert [(row.image_id, row.category_id) for row in found] == [("c", 9), ("a", 5), ("c", 9)]
        with pytest.raises(KeyError, match="'d'"):
            list(parts.predictions(["a", "d"], CATEGORIES))
    columns = pq.read_table(tmp_path / "p" / "part-000000.parquet")
    assert columns["image"].to_pylist() == ["a", "b"] and columns["scores"].null_count == 2
    with PredictionParts(tmp_path / "p", MADE_BY) as parts:
        assert parts.missing(["a", "b", "c", "d"]) == [3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"bundle": "another"},
            r"p: was made by another bundle \(digest, and this one is another\); choose another --",
        ),
        ({"tta": True}, "p: was made without --tta; do the same, or choose another --parts"),
        ({"read_text": "auto"}, "p: was made with --read-text always; do the same, or choose another --parts"),
        ({"scores": True}, "p: was made without --per-class, --topk or --back-off, which keep all scores; do the same"),
    ],
)
def test_two_bundles_or_settings_are_not_mixed(tmp_path, change, message):
    with PredictionParts(tmp_path / "p", MADE_BY) as parts:
        parts.add(("a", label()))
    with pytest.raises(UserError, match=message):
        PredictionParts(tmp_path / "p", replace(MADE_BY, **change))


def test_other_files_are_refused(tmp_path):
    part = tmp_path / "part-000000.parquet"
    for table in (pa.table({"image": ["a"]}), part_schema().empty_table()):
        pq.write_table(table, part)
        with pytest.raises(UserError, match="part-000000.parquet: is no part of predictions; choose another --parts"):
            PredictionParts(tmp_path, MADE_BY)
    part.write_bytes(b"PAR1")
    with pytest.raises(UserError, match="part-000000.parquet: is no whole Parquet file; remove it, and run the same"):
        PredictionParts(tmp_path, MADE_BY)


def test_keys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert key_of("a/../1.jpg") == str(tmp_path / "1.jpg")
    assert key_of("s3://b/k.jpg") == "s3://b/k.jpg"
    assert key_of("/a\udcff.jpg") == "/a\\udcff.jpg"
