import csv
import pickle
import tarfile

import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from colour_bundle import SHARPNESS, DiesOnRed, write_bundle

from kdxf_runtime import cli, parts_job, predict
from kdxf_runtime.errors import UserError
from kdxf_runtime.io.part_files import part_files
from kdxf_runtime.parts_job import Executor, predict_parts
from kdxf_runtime.predict import Table, predict_csv
from kdxf_runtime.predictions import Columns

COLUMNS = Columns(with_name=True, with_score=True)


@pytest.fixture
def pictures(tmp_path, draw):
    """Nine pictures by their colour, one of them broken."""
    for index, colour in enumerate(["red", "green", "black", "white"] * 2):
        draw(tmp_path / "in" / f"{colour} {index}.png", colour)
    (tmp_path / "in" / "broken.png").write_bytes(b"broken")
    return tmp_path / "in"


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def images_in(parts):
    return sorted(name for part in part_files(parts) for name in pq.read_table(part)["image"].to_pylist())


def test_the_rows_of_one_process(colours, pictures, tmp_path):
    predict_csv(colours.folder, [pictures], tmp_path / "one.csv", columns=COLUMNS)
    table = Table(tmp_path / "parts.csv", COLUMNS)
    report = predict_parts(colours.folder, [pictures], tmp_path / "p", table=table, part_rows=4)
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    by_name = {row["image_id"]: row for row in rows(tmp_path / "parts.csv")}
    red = np.exp(SHARPNESS) / (np.exp(SHARPNESS) + 2)
    assert (by_name["red 0.png"]["category_name"], by_name["red 0.png"]["score"]) == ("red", f"{red:.6f}")
    assert by_name["white 3.png"]["score"] == f"{1 / 3:.6f}" and "whole picture" in by_name["broken.png"]["error"]
    assert (report.images, report.answered, len(report.errors)) == (9, 9, 1)
    assert str(report).splitlines()[:2] == [
        f"{tmp_path / 'parts.csv'} and {tmp_path / 'p'}: 9 images, 1 with an error",
        "9 of them answered now, the others were there before",
    ]
    assert [pq.read_metadata(part).num_rows for part in part_files(tmp_path / "p")] == [4, 4, 1]


def test_the_scores_of_all_classes_are_kept_where_they_are_shown(colours, pictures, tmp_path):
    for name, columns in (("topk", Columns(topk=3, with_score=True)), ("all", Columns(per_class=True))):
        predict_csv(colours.folder, [pictures], tmp_path / "one.csv", columns=columns)
        predict_parts(colours.folder, [pictures], tmp_path / name, table=Table(tmp_path / "parts.csv", columns))
        assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_a_job_that_was_stopped_goes_on(colours, pictures, tmp_path, monkeypatch, capsys):
    def stopped(*arguments):
        for number, answer in enumerate(predict.watching_drift(*arguments)):
            if number == 3:
                raise KeyboardInterrupt
            yield answer

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(parts_job, "watching_drift", stopped)
        predict_parts(colours.folder, [pictures], tmp_path / "p", table=Table(tmp_path / "out.csv"))
    assert "stopped after 3 of 9 images; the same command continues" in capsys.readouterr().err
    assert len(images_in(tmp_path / "p")) == 3 and not (tmp_path / "out.csv").exists()
    report = predict_parts(colours.folder, [pictures], tmp_path / "p", table=Table(tmp_path / "out.csv"))
    assert (report.images, report.answered) == (9, 6) and len(rows(tmp_path / "out.csv")) == 9
    assert images_in(tmp_path / "p") == sorted(map(str, pictures.iterdir()))
    assert predict_parts(colours.folder, [pictures / "red 0.png"], tmp_path / "p").answered == 0


def test_pictures_at_an_address_and_one_that_is_named_twice(colours, pictures, tmp_path):
    memory = fsspec.filesystem("memory")
    memory.pipe("/shop/g.png", (pictures / "green 1.png").read_bytes())
    inputs = ["memory://shop", pictures / "red 0.png", pictures / "red 0.png"]
    report = predict_parts(colours.folder, inputs, tmp_path / "p", table=Table(tmp_path / "out.csv", COLUMNS))
    memory.rm("/shop", recursive=True)
    assert [row["category_name"] for row in rows(tmp_path / "out.csv")] == ["green", "red", "red"]
    assert (report.images, report.answered) == (3, 2)


def test_another_bundle_is_refused(colours, pictures, tmp_path):
    predict_parts(colours.folder, [pictures], tmp_path / "p")
    other = write_bundle(tmp_path / "other", about={"version": 2})
    with pytest.raises(UserError, match=rf"p: was made by another bundle \({colours.digest[:12]}, and this one is "):
        predict_parts(other.folder, [pictures], tmp_path / "p")


def test_what_is_checked_before_the_job_begins(colours, pictures, tmp_path):
    with pytest.raises(UserError, match="--topk 4: the model has 3 classes; give 1 to 3"):
        predict_parts(colours.folder, [pictures], tmp_path / "p", table=Table(tmp_path / "o.csv", Columns(topk=4)))
    with pytest.raises(UserError, match="--workers 0: give at least 1"):
        predict_parts(colours.folder, [pictures], tmp_path / "p", executor=Executor(workers=0))
    with pytest.raises(UserError, match="--executor slurm: give one of processes, ray"):
        predict_parts(colours.folder, [pictures], tmp_path / "p", executor=Executor("slurm"))
    assert not (tmp_path / "p").exists()


def test_a_picture_that_kills_the_process_is_a_row(colours, pictures, tmp_path, monkeypatch, with_fixtures):
    monkeypatch.setenv("PYTHONPATH", with_fixtures["PYTHONPATH"])
    monkeypatch.setattr(predict, "Answering", DiesOnRed)
    pickle.dumps(DiesOnRed)
    executor = Executor(workers=2)
    predict_parts(colours.folder, [pictures], tmp_path / "p", executor=executor, table=Table(tmp_path / "out.csv"))
    died = {row["image_id"]: row["error"] for row in rows(tmp_path / "out.csv") if "died" in row["error"]}
    assert died == dict.fromkeys(["red 0.png", "red 4.png"], "the worker died on this image (exit code -9)")


def test_the_command(colours, pictures, tmp_path, capsys):
    command = [str(colours.folder), str(pictures), "--parts", str(tmp_path / "p"), "--workers", "1"]
    assert cli.main([*command, "--save_csv", str(tmp_path / "out.csv"), "--with-name", "--with-score"]) == 0
    assert "9 images, 1 with an error\n9 of them answered now" in capsys.readouterr().out
    predict_csv(colours.folder, [pictures], tmp_path / "one.csv", columns=COLUMNS)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert cli.main([*command, "--topk", "2"]) == 2
    assert "p: was made without --per-class, --topk or --back-off, which keep all scores" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["0.tar", "0.tar.gz"])
def test_tar_shards_give_the_rows_of_their_files(colours, pictures, tmp_path, name):
    with tarfile.open(tmp_path / name, "w:gz" if name.endswith("gz") else "w") as archive:
        for path in sorted(pictures.iterdir()):
            archive.add(path, path.name)
    predict_csv(colours.folder, [pictures], tmp_path / "files.csv", columns=COLUMNS)
    predict_parts(colours.folder, [tmp_path / name], tmp_path / "p", table=Table(tmp_path / "shard.csv", COLUMNS))
    assert (tmp_path / "shard.csv").read_bytes() == (tmp_path / "files.csv").read_bytes()
    assert images_in(tmp_path / "p")[0] == str(tmp_path / name / "black 2.png")


def test_the_command_that_is_interrupted(colours, pictures, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(parts_job, "watching_drift", interrupted)
    assert cli.main([str(colours.folder), str(pictures), "--parts", str(tmp_path / "p")]) == 130
