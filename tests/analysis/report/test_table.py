"""The images of a report as a table."""

import numpy as np
import pytest

from kdxf.analysis.report.table import image_table


def test_several_labels(several):
    table = image_table(several)
    assert table["label"].tolist() == ["a|b", "a|b", "a|c", "none of the classes"]
    assert table["predicted"].tolist() == ["a|b", "a|c", "c", "b"]
    assert table["image alone"].tolist() == table["label"].tolist()
    assert table["score"].tolist() == pytest.approx([0.9, 0.6, 0.7, 0.8])
    assert "margin" not in table and "label_score" not in table


def test_rows(evidence):
    table = image_table(evidence)
    assert table["image"].tolist() == [f"{index}.png" for index in range(6)]
    first = table.iloc[4].to_dict()
    assert {name: first[name] for name in ("label", "predicted", "image alone", "text alone", "text")} == {
        "label": "c", "predicted": "b", "image alone": "b", "text alone": "c", "text": ""}  # fmt: skip
    assert [first[name] for name in ("score", "label_score", "loss", "margin")] == pytest.approx(
        [0.9, 0.05, -np.log(0.05), 0.85], abs=1e-6
    )
    assert table["right"].tolist() == [True, False, True, True, False, True]
