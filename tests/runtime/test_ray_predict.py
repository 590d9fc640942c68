from dataclasses import replace

import pyarrow as pa
import pytest
from colour_bundle import DiesOnRed

from kdxf_runtime import predict
from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.parts_job import Executor, predict_parts
from kdxf_runtime.predict import DEFAULT_SETTINGS, Table, predict_csv
from kdxf_runtime.predictions import Columns
from kdxf_runtime.ray_group import RayGroup
from kdxf_runtime.ray_predict import _Answerer, _open, answer_on_ray

SHOWN = Columns(topk=2, with_name=True, with_score=True)


@pytest.fixture
def pictures(tmp_path, draw):
    """Six pictures by their colour."""
    for index, colour in enumerate(["red", "green", "white"] * 2):
        draw(tmp_path / "in" / f"图 {colour} {index}.png", colour)
    return tmp_path / "in"


def test_what_an_actor_makes_of_a_block(colours, pictures, monkeypatch, with_fixtures):
    monkeypatch.setenv("PYTHONPATH", with_fixtures["PYTHONPATH"])
    monkeypatch.setattr(predict, "Answering", DiesOnRed)
    paths = [str(pictures / name) for name in ("图 green 1.png", "图 red 0.png", "gone.png")]
    columns = ["null", '{"price": "3"}', "null"]
    encoded = pa.array([path.encode() for path in paths], pa.binary())
    keys = pa.table({"place": [7, 8, 9], "path": encoded, "columns": columns})
    actor = _Answerer(str(colours.folder), colours.digest, DEFAULT_SETTINGS, (str(pictures),), False)
    rows = {row["image"]: row for row in actor(keys).to_pylist()}
    actor._workers.close()
    assert rows["7"]["category_name"] == "green" and rows["7"]["error"] is None and rows["7"]["scores"] is None
    assert rows["8"]["error"] == "the worker died on this image (exit code -9)"
    assert rows["9"]["error"] == "cannot open the file: No such file or directory"


def test_machines_that_see_other_things(colours, tmp_path):
    with pytest.raises(UserError, match="gone: a Ray worker does not see it; put it on storage that all machines shar"):
        _open(str(colours.folder), colours.digest, (str(tmp_path), str(tmp_path / "gone")))
    with pytest.raises(UserError, match="bundle: is another bundle on a machine of the cluster; copy it there again"):
        _open(str(colours.folder), "another", ())


@pytest.mark.slow
def test_the_rows_of_one_process_on_ray_which_goes_on_with_what_processes_began(
    colours, pictures, tmp_path, monkeypatch, with_fixtures
):
    ray = pytest.importorskip("ray", reason="needs the extra 'ray'")
    monkeypatch.setenv("PYTHONPATH", with_fixtures["PYTHONPATH"])
    monkeypatch.chdir(tmp_path)  # the processes of Ray are in another folder
    predict_csv(colours.folder, ["in"], "one.csv", columns=SHOWN)
    predict_parts(colours.folder, ["in/图 green 1.png"], "p", table=Table("few.csv", SHOWN))
    with RayGroup(1) as group:
        executor = Executor("ray", 1)
        report = predict_parts("bundle", ["in"], "p", executor=executor, table=Table("ray.csv", SHOWN))
        assert (report.images, report.answered, report.errors) == (6, 5, [])
        assert (tmp_path / "ray.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
        image = InputImage("x", "in/图 red 0.png", "x")
        other = replace(colours, digest="another")
        with pytest.raises(UserError, match="bundle: is another bundle on a machine of the cluster"):
            list(answer_on_ray(group, "bundle", other, [image], DEFAULT_SETTINGS, [], False))
        assert ray.is_initialized()
    assert not ray.is_initialized()
