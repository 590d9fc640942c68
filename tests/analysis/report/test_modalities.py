"""What each modality is worth, by hand."""

from dataclasses import replace

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


def test_one_modality(evidence):
    table = modality_table(replace(evidence, alone={}))
    assert list(table.columns) == ["class", "images", "both"] and table["class"].tolist() == ["a", "b", "c"]
