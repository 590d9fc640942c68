"""A dataset for FiftyOne, by the description of its format: the keys that its samples and labels are made of."""

import json
from dataclasses import replace

import numpy as np
import pytest

from kdxf.analysis.report.fiftyone_dataset import write_fiftyone
from kdxf.text.ocr import OCRRecord


@pytest.fixture
def load(tmp_path):
    def write(evidence):
        write_fiftyone(evidence, "moe", tmp_path / "dataset")
        files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "dataset").iterdir()}
        assert sorted(files) == ["metadata.json", "samples.json"]
        assert files["metadata.json"] == {"media_type": "image", "info": {"model": "moe", "classes": ["a", "b", "c"]}}
        return files["samples.json"]["samples"]

    return write


def one(name, score=None):
    label = {"_cls": "Classification", "label": name}
    return label if score is None else {**label, "confidence": pytest.approx(score)}


def test_one_label(evidence, load):
    """Line 'new' has its box upright, 'sale' askew and beyond the edge, 'lost' none."""
    boxes = np.zeros((3, 4, 2), np.float32)
    boxes[0] = [[10, 10], [60, 10], [60, 20], [10, 20]]
    boxes[1] = [[150, 40], [210, 30], [220, 50], [160, 60]]
    scores = np.array([0.5, 1, 1], np.float32)
    text = OCRRecord("4.png", ["new", "大 sale", "lost"], scores, boxes, 200, 50, "fake", None)
    records = [*[OCRRecord.empty("x")] * 4, text, OCRRecord.empty("x")]
    broken = replace(evidence.predictions, errors={4: "it is empty"})
    samples = load(replace(evidence, records=records, predictions=broken))
    assert [sample["tags"] for sample in samples] == [["right" if flag else "wrong"] for flag in evidence.right]
    assert [sample["filepath"] for sample in samples] == [f"/{index}.png" for index in range(6)]
    assert "error" not in samples[0] and samples[0]["ocr"] == {"_cls": "Detections", "detections": []}
    boxes = [[0.05, 0.2, 0.25, 0.2], [0.75, 0.6, 0.25, 0.4]]
    assert samples[4] == {
        "filepath": "/4.png",
        "tags": ["wrong"],
        "ground_truth": one("c"),
        "prediction": one("b", 0.9),
        "top_5": {"_cls": "Classifications", "classifications": [one("b", 0.9), one("a", 0.05), one("c", 0.05)]},
        "image_alone": one("b", 0.9),
        "text_alone": one("c", 1.0),
        "text": "new 大 sale lost",
        "loss": pytest.approx(-np.log(0.05)),
        "ocr": {
            "_cls": "Detections",
            "detections": [
                {"_cls": "Detection", "label": label, "bounding_box": pytest.approx(box), "confidence": score}
                for label, box, score in zip(("new", "大 sale"), boxes, (0.5, 1.0), strict=True)
            ],
        },
        "error": "it is empty",
    }


def test_several_labels(several, load):
    samples = load(several)
    assert samples[1]["ground_truth"] == {"_cls": "Classifications", "classifications": [one("a"), one("b")]}
    assert samples[1]["prediction"]["classifications"] == [one("a", 0.6), one("c", 0.1)]
    assert samples[3]["ground_truth"]["classifications"] == [] and "ocr" not in samples[3]
