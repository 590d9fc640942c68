import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kdxf.datasets.transforms.albumentations import read_policy
from kdxf.io.class_tree import read_class_tree
from kdxf.io.predictions import read_predictions
from kdxf.smoke import made_up_data
from kdxf.text.ocr import OCRTable
from kdxf_runtime.table_columns import TableColumns
from kdxf_runtime.vectors.word_vectors import WordVectors

CLASSES = ["a", "b", "c", "d", "e"]


def test_images_with_text(tmp_path):
    made_up_data.write_images(tmp_path)
    sizes = [Image.open(tmp_path / "images" / name).size for name in made_up_data.IMAGES]
    assert len(set(sizes)) == made_up_data.COUNT
    table = OCRTable.open(tmp_path / "ocr")
    rows = table.rows_of(made_up_data.IMAGES)
    assert (rows[:-1] >= 0).all() and rows[-1] == -1 and table.record(int(rows[1])).texts == ["牛奶"]


def test_lists_spread_over_the_classes(tmp_path):
    made_up_data.write_list(tmp_path / "one.csv", CLASSES, multi_label=False)
    made_up_data.write_list(tmp_path / "more.csv", CLASSES, multi_label=True)
    assert pd.read_csv(tmp_path / "one.csv").label.tolist() == ["a", "b", "c", "e"]
    assert pd.read_csv(tmp_path / "more.csv").label.tolist() == ["a|a", "b|a", "c|a", "e|a"]


def test_soft_labels(tmp_path):
    made_up_data.write_soft_labels(tmp_path / "s.parquet", CLASSES, multi_label=False)
    np.testing.assert_allclose(read_predictions(tmp_path / "s.parquet").scores.sum(axis=1), 1, rtol=1e-6)


def test_vectors_tree_and_policy(tmp_path):
    made_up_data.write_vectors(tmp_path / "v", 7)
    assert WordVectors.open(tmp_path / "v").dim == 7
    made_up_data.write_class_tree(tmp_path / "t.csv", CLASSES, ["coarse", "level_3"])
    tree = read_class_tree(tmp_path / "t.csv", CLASSES)
    assert tree.parents.tolist() == [0, 1, 0, 1, 0] and set(tree.levels) == {"coarse", "level_3"}
    made_up_data.write_policy(tmp_path / "p.json")
    (transform,), p = read_policy(tmp_path / "p.json")
    assert transform["type"] == "RandomBrightnessContrast" and p == 1


@pytest.mark.parametrize("write", [made_up_data.write_bert, made_up_data.write_lilt])
def test_transformers(tmp_path, write):
    write(tmp_path / "bert")
    assert {"config.json", "model.safetensors", "vocab.txt"} <= {file.name for file in (tmp_path / "bert").iterdir()}


def test_a_table_of_any_width(tmp_path):
    made_up_data.write_table(tmp_path / "t.json", 26)
    columns = TableColumns.open(tmp_path / "t.json")
    assert columns.width == 26 and columns.names == tuple(made_up_data.COLUMNS)
