"""The images of a report as a dataset for FiftyOne, which needs not be installed to write it.

The layout is the one that FiftyOne's own ``FiftyOneDataset`` importer reads when ``metadata.json`` names no version of
its database: ``samples.json`` holds samples as ``fiftyone.Sample.from_dict`` takes them, and pictures stay where they
are (https://docs.voxel51.com/user_guide/import_datasets.html#fiftyonedataset)::

    fiftyone.Dataset.from_dir("report_fiftyone", dataset_type=fiftyone.types.FiftyOneDataset)
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from kdxf.analysis.report.evidence import Evidence, answers
from kdxf.analysis.report.examples import losses
from kdxf.io.predictions import Predictions
from kdxf_runtime.io.files import in_utf8, write_whole
from kdxf_runtime.ocr.record import OCRRecord

_BEST = 5


def write_fiftyone(evidence: Evidence, name: str, folder: Path) -> None:
    """Write the images of a report as a dataset for FiftyOne.

    A sample has ``ground_truth``, ``prediction``, ``top_5``, the answers with less to see (``image_alone``, ...),
    ``ocr`` (a detection for each line of text that has a box, labelled with its words), ``text`` (all lines), ``loss``,
    ``error`` if the image could not be read, and the tag ``right`` or ``wrong``. Labels are classifications; where an
    image may have several, lists of them.

    Args:
        evidence: The images.
        name: Of the model.
        folder: Where ``metadata.json`` and ``samples.json`` go.
    """
    info = {"model": name, "classes": list(evidence.classes)}
    loss = losses(evidence.predictions.scores, evidence.labels)
    samples = [_sample(evidence, index, float(loss[index])) for index in range(len(evidence.files))]
    _write({"media_type": "image", "info": info}, folder / "metadata.json")
    _write({"samples": samples}, folder / "samples.json")


def _write(content: dict[str, Any], path: Path) -> None:
    write_whole(in_utf8(json.dumps(content, ensure_ascii=False)).encode(), path)


def _sample(evidence: Evidence, index: int, loss: float) -> dict[str, Any]:
    scores = evidence.predictions.scores[index]
    best = np.argsort(-scores, kind="stable")[:_BEST].tolist()
    sample = {
        "filepath": str(Path(evidence.files[index]).absolute()),
        "tags": ["right" if evidence.right[index] else "wrong"],
        "ground_truth": _label(evidence, evidence.labels[index]),
        "prediction": _answer(evidence, evidence.predictions, index),
        "top_5": _list([_classification(evidence.classes[place], scores[place]) for place in best]),
        **{title.replace(" ", "_"): _answer(evidence, part, index) for title, part in evidence.alone.items()},
        "text": evidence.text(index),
        "loss": loss,
    }
    if evidence.records is not None:
        sample["ocr"] = {"_cls": "Detections", "detections": _detections(evidence.records[index])}
    if error := evidence.predictions.errors.get(index):
        sample["error"] = error
    return sample


def _answer(evidence: Evidence, part: Predictions, index: int) -> dict[str, Any]:
    return _label(evidence, answers(part)[index], part.scores[index])


def _label(evidence: Evidence, value: np.ndarray, scores: np.ndarray | None = None) -> dict[str, Any]:
    """Return a class index, or the classes that are true in bool (K,), with their scores (K,) if these are given."""
    places = np.flatnonzero(value).tolist() if evidence.multi_label else [int(value)]
    found = [_classification(evidence.classes[place], None if scores is None else scores[place]) for place in places]
    return _list(found) if evidence.multi_label else found[0]


def _classification(name: str, score: float | None) -> dict[str, Any]:
    label = {"_cls": "Classification", "label": name}
    return label if score is None else {**label, "confidence": float(score)}


def _list(labels: list[dict[str, Any]]) -> dict[str, Any]:
    return {"_cls": "Classifications", "classifications": labels}


def _detections(record: OCRRecord) -> list[dict[str, Any]]:
    """Return the lines that have a box: left, top, width and height in fractions of the picture."""
    if not (record.width and record.height):
        return []
    corners = np.clip(record.boxes / np.array([record.width, record.height]), 0, 1)
    found = []
    for text, score, box in zip(record.texts, record.scores.tolist(), corners, strict=True):
        (left, top), (right, bottom) = box.min(axis=0).tolist(), box.max(axis=0).tolist()
        if right > left and bottom > top:
            place = [left, top, right - left, bottom - top]
            found.append({"_cls": "Detection", "label": text, "bounding_box": place, "confidence": score})
    return found
