"""A model of image and table, from its config to the answers of its bundle."""

import csv
import logging
import shutil

import numpy as np
import pytest

from kdxf.apis.test import test as run_test
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.export.bundle import export
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.io.predictions import read_predictions
from kdxf_runtime.bundle import Bundle
from kdxf_runtime.predict import predict_csv
from kdxf_runtime.predictions import Columns
from kdxf_runtime.runner import Picture, Runner


@pytest.fixture(scope="module")
def tested(priced, tmp_path_factory):
    """Scores of the test list: with everything, without the table, without the images."""
    folder = tmp_path_factory.mktemp("tested")
    found = {}
    for without in (None, "table", "image"):
        cfg = load_config(priced.config)
        cfg.work_dir = str(folder)
        run_test(cfg, priced.checkpoint, without=without, out=folder / "p.parquet")
        found[without] = read_predictions(folder / "p.parquet").scores
    return found


def test_without_the_table_all_cells_are_missing(tested):
    changed = np.abs(tested[None] - tested["table"]).max(axis=1)
    assert (changed[:4] > 1e-3).all() and changed[4] < 1e-6  # nothing is known of the last one
    assert np.ptp(tested["image"], axis=0).max() > 1e-3


def test_a_model_of_image_and_text_has_no_table(lab):
    message = (
        "--without table: the model of .* has no table_encoder; it needs a model of a table and an image or a text"
    )
    with pytest.raises(UserError, match=message):
        run_test(load_config(lab.moe), lab.moe_checkpoint, without="table")


def test_new_images_take_their_columns_from_a_table(lab, priced, tested, tmp_path, caplog):
    inferencer = KDXFInferencer(priced.config, priced.checkpoint, device="cpu")
    found = inferencer([lab.images], ocr_root=lab.images, table=priced.listed)
    np.testing.assert_allclose([one.scores for one in found], tested[None], atol=1e-5)
    np.testing.assert_allclose([one.scores for one in inferencer([lab.images])], tested["table"], atol=1e-5)
    lines = priced.listed.read_text(encoding="utf-8").splitlines()
    (tmp_path / "some.csv").write_text("\n".join(lines[:2]), encoding="utf-8")
    (tmp_path / "other.csv").write_text("image,price\nx.jpg,3\n", encoding="utf-8")
    (tmp_path / "twice.csv").write_text("image,price\nx.jpg,3\nx.jpg,4\n", encoding="utf-8")
    some = inferencer([lab.images], table=tmp_path / "some.csv")
    np.testing.assert_allclose(some[1].scores, tested["table"][1], atol=1e-5)
    np.testing.assert_allclose(some[0].scores, tested[None][0], atol=1e-5)
    for name, message in (
        ("other.csv", "has none of the images .*, it starts with 'x.jpg'.*--ocr-root"),
        ("twice.csv", "has x.jpg twice; keep one of the rows"),
        ("gone.csv", "no such file; give a CSV with the column image"),
    ):
        with pytest.raises(UserError, match=message):
            inferencer([lab.images], table=tmp_path / name)
    with pytest.raises(UserError, match="--table t.csv: the pipeline of the config takes no columns"):
        KDXFInferencer(lab.image, lab.image_checkpoint, device="cpu")([lab.images], table="t.csv")


@pytest.fixture(scope="module")
def exported_table(priced, tmp_path_factory):
    pytest.importorskip("onnxscript")
    folder = tmp_path_factory.mktemp("exported") / "bundle"
    export(load_config(priced.config), priced.checkpoint, folder)
    return folder


def test_the_bundle_answers_as_the_model(exported_table, lab, priced, tested):
    runner = Runner(Bundle.open(exported_table))
    cells = [dict(zip(("price", "shop"), row, strict=True)) for row in priced.rows]
    for columns, expected in ((cells, tested[None]), ([None] * 5, tested["table"])):
        pictures = [
            Picture.read(str(lab.images / name), name, row) for name, row in zip(lab.names, columns, strict=True)
        ]
        scores = [answer.prediction.scores for answer in runner.answer(pictures)]
        np.testing.assert_allclose(scores, expected, atol=1e-4)
    card = (exported_table / "card.md").read_text(encoding="utf-8")
    assert "| takes | the picture and the columns price, shop of a list |" in card
    assert "all of their cells count as missing" in card


def test_a_list_brings_the_columns(exported_table, lab, priced, tested, tmp_path, caplog):
    shutil.copyfile(priced.listed, lab.images / "priced.csv")
    try:
        with caplog.at_level(logging.WARNING, "kdxf_runtime"):
            for source, expected in ((lab.images / "priced.csv", tested[None]), (lab.images, tested["table"])):
                predict_csv(exported_table, [source], tmp_path / "out.csv", columns=Columns(per_class=True))
                with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
                    rows = list(csv.reader(file))[1:]
                np.testing.assert_allclose(np.array([row[1:4] for row in rows], float), expected, atol=1e-3)
    finally:
        (lab.images / "priced.csv").unlink()
    (line,) = (record.getMessage() for record in caplog.records)
    assert "takes columns of a table, and the images have none, so that all count as missing" in line
