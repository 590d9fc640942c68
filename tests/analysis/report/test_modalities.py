"""What each modality is worth, by hand."""

from dataclasses import replace

import pytest

from kdxf.analysis.report.evidence import NO_TABLE
from kdxf.analysis.report.modalities import modality_table


def test_class_by_class(evidence):
    """The image alone has a twice and b once; the text alone a once and c twice."""
    table = modality_table(evidence)
    assert table.to_dict("split")["data"] == [
        ["b", 2, 100.0, 50.0, 0.0, 50.0],
        ["c", 2, 50.0, 0.0, 100.0, 50.0],
        ["a", 2, 50.0, 100.0, 50.0, -50.0],
    ]
    assert list(table.columns) == ["class", "images", "both", "image alone", "text alone", "text adds"]


def test_several_labels(several):
    """By hand: a is ranked first, second and third; b first and third (second comes image 3); c first.

    The image alone ranks a by the scores of c: images 2, 3, 0 and 1 (equal), so that a has precision 1 at the first
    and, with both equal ones, 3/4 at the others; b is as before; c by those of a: image 2 is third.
    """
    table = modality_table(several).set_index("class")
    assert table["images"].to_dict() == {"a": 3, "b": 2, "c": 1}
    both = {"a": 100.0, "b": 100 * (1 / 2 + 1 / 2 * 2 / 3), "c": 100.0}
    assert table["both"].to_dict() == pytest.approx({**both, "b": 100 * (1 / 2 * 1 / 2 + 1 / 2 * 2 / 3)})
    assert table["image alone"].to_dict() == pytest.approx(
        {"a": 100 * (1 / 3 + 2 / 3 * 3 / 4), "b": 100 * (1 / 2 * 1 / 2 + 1 / 2 * 2 / 3), "c": 100 / 3}
    )
    assert (table["text adds"] == table["both"] - table["image alone"]).all()


def test_one_modality(evidence):
    table = modality_table(replace(evidence, alone={}))
    assert list(table.columns) == ["class", "images", "both"] and table["class"].tolist() == ["a", "b", "c"]


def test_what_a_table_adds(evidence):
    """Without the table as the image alone: the text adds nothing, and the table what the text did."""
    table = modality_table(replace(evidence, alone={**evidence.alone, NO_TABLE: evidence.alone["image alone"]}))
    assert table.set_index("class")["table adds"].to_dict() == {"b": 50.0, "c": 50.0, "a": -50.0}
    assert table["text adds"].tolist() == [0.0] * 3
