"""Samples kept as columns."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdxf.datasets.sample_rows import SampleRows
from kdxf.datasets.soft_labels import SoftLabels
from kdxf.text.ocr import OCRRecord, OCRTable
from kdxf.text.ocr.table import to_arrow


def rows():
    images = pa.chunked_array([["a.jpg", "图 片/b.jpg"], ["/abs/c.jpg"]])
    return SampleRows(images, "root/", np.array([2, 0, 1]), pa.chunked_array([["one\n two ", None, ""]]))


def test_samples_are_made_when_asked_for():
    found = rows()
    assert len(found) == 3
    assert [sample["img_path"] for sample in found] == ["root/a.jpg", "root/图 片/b.jpg", "/abs/c.jpg"]
    assert [sample["gt_label"] for sample in found] == [2, 0, 1]
    assert [sample["ocr"].texts for sample in found] == [["one", "two"], [], []]
    assert found[0]["ocr"].scores.tolist() == [1, 1]
    assert found[0]["ocr"].boxes.shape == (2, 4, 2)
    assert found[0]["ocr"].image == "a.jpg"
    assert found[-1]["img_path"] == "/abs/c.jpg"
    with pytest.raises(IndexError):
        found[3]


def test_a_sample_is_new_each_time():
    found = rows()
    found[0]["gt_label"] = 9
    assert found[0]["gt_label"] == 2


def test_unlabelled_rows_have_no_label():
    assert set(SampleRows(pa.chunked_array([["a.jpg"]]))[0]) == {"img_path", "ocr"}


def test_rows_are_taken_in_any_order():
    assert [sample["gt_label"] for sample in rows().take([2, 0, -2])] == [1, 2, 0]
    assert [sample["ocr"].texts for sample in rows().take(np.array([1, 0]))] == [[], ["one", "two"]]
    assert [sample["gt_label"] for sample in rows()[:2]] == [2, 0]
    assert [sample["gt_label"] for sample in rows()[-2:]] == [0, 1]
    assert len(rows().take([])) == 0
    with pytest.raises(IndexError):
        rows().take([3])


def test_copies_share_and_pickles_equal():
    found = rows()
    assert copy.deepcopy(found) is found
    again = pickle.loads(pickle.dumps(found))
    assert [sample["img_path"] for sample in again] == [sample["img_path"] for sample in found]


def test_targets_beside_the_label():
    scores = np.array([[0.5, 0.25, 0.25], [0, 0.5, 0.5]], np.float16)
    soft = SoftLabels(scores, np.array([1, -1, 0]), 0.5)
    found = SampleRows(rows().images, labels=np.array([2, 0, 1]), weights=np.float32([0.5, 1, 2]), soft_labels=soft)
    for samples in (found, found.take([1, 0]).take([1, 0])):
        assert set(samples[0]) == {"img_path", "ocr", "gt_label", "gt_score", "sample_weight"}
        assert (samples[0]["gt_label"], samples[0]["sample_weight"]) == (2, 0.5)
        assert samples[0]["gt_score"].tolist() == [0, 0.25, 0.75]  # half (0, 0, 1), half (0, 1/2, 1/2)
        assert samples[1]["gt_score"].tolist() == [1, 0, 0]
    assert type(found[0]["sample_weight"]) is float
    assert copy.deepcopy(found[:1]).soft_labels.scores is scores


def test_several_labels():
    found = SampleRows(rows().images, labels=pa.array([[2, 1], [], [0]]))
    assert [sample["gt_label"] for sample in found] == [[2, 1], [], [0]]
    assert [sample["gt_label"] for sample in found.take([2, 1])] == [[0], []]
    assert [sample["gt_label"] for sample in pickle.loads(pickle.dumps(found))] == [[2, 1], [], [0]]


def test_soft_labels_follow_their_rows():
    scores = np.array([[0.5, 0.25, 0.25], [0, 0.5, 0.5]], np.float16)
    soft = SoftLabels(scores, np.array([1, -1, 0]), 0.0)
    found = SampleRows(rows().images, labels=np.array([2, 0, 1]), soft_labels=soft).take([2, 0])
    assert [sample["gt_score"].tolist() for sample in found] == [[0.5, 0.25, 0.25], [0, 0.5, 0.5]]


def test_text_of_the_rows_of_a_table(tmp_path):
    records = [OCRRecord.from_text(f"{text}.jpg", text) for text in ("zero", "one", "two")]
    pq.write_table(to_arrow(records), tmp_path / "ocr.parquet")
    table = OCRTable.open(tmp_path / "ocr.parquet")
    found = SampleRows(rows().images, ocr_table=table, ocr_rows=np.array([0, -1, 2]))
    assert [sample["ocr"].texts for sample in found] == [["zero"], [], ["two"]]
    assert [sample["ocr"].texts for sample in found.take([2, 0])] == [["two"], ["zero"]]


def test_columns():
    found = replace(rows(), columns={"price": pa.chunked_array([["1", None], ["2"]])})
    assert [sample["columns"] for sample in found] == [{"price": "1"}, {"price": None}, {"price": "2"}]
    assert [sample["columns"]["price"] for sample in found.take([2, 0])] == ["2", "1"]
    assert "columns" not in rows()[0]
