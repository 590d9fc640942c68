import socket
import sys
import tarfile

import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import OCRTable, run_ocr
from kdxf.text.ocr.ray_executor import RayExecutor

FAKE = ["fake_ocr_engine"]


@pytest.fixture
def engine(fake_engine, with_fixtures, monkeypatch):
    """The fake engine, found by Ray's processes as well."""
    monkeypatch.setenv("PYTHONPATH", with_fixtures["PYTHONPATH"])
    return fake_engine


def test_ray_is_named_when_it_is_missing(fake_engine, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"--executor ray needs the package ray: pip install 'kdxf\[ray\]'"):
        RayExecutor(fake_engine, tmp_path)


def test_cluster_that_does_not_answer(fake_engine, tmp_path):
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UserError, match=rf"--ray-address {address}: no Ray cluster answers there \(.*refused\)"):
            RayExecutor(fake_engine, tmp_path, address=address)
    with pytest.raises(UserError, match="--ray-address nonsense: cannot join this Ray cluster"):
        RayExecutor(fake_engine, tmp_path, address="nonsense")


@pytest.mark.slow
def test_same_table_same_resume_and_one_image_that_kills(engine, draw, tmp_path, capfd):
    ray = pytest.importorskip("ray", reason="needs the extra 'ray'")
    names = ["图 a.png", "black.png", "red.png", "green.png"]
    for name, colour in zip(names, ("white", "black", "red", "green"), strict=True):
        draw(tmp_path / name, colour)
    with tarfile.open(tmp_path / "0.tar", "w") as archive:
        archive.add(tmp_path / "图 a.png", "in.png")
    names += ["0.tar/in.png", "none.png"]
    job = {"workers": 1, "imports": FAKE, "progress": False}
    run_ocr(names, tmp_path, tmp_path / "processes", engine, **job)
    run_ocr(names[:2], tmp_path, tmp_path / "ray", engine, **job)  # Ray continues what processes began

    with RayExecutor(engine, tmp_path, 1, FAKE) as private:  # a Ray of its own, which the others join
        assert private.engine_name == "fake 1" and list(private.read([])) == []
        # Failures first: Ray keeps the process that runs such tasks, and ends that of an actor, which reads.
        with pytest.raises(UserError, match="FakeEngine cannot be built"):
            RayExecutor({**engine, "nope": 1}, tmp_path, 1, FAKE)
        with pytest.raises(UserError, match="gone: a Ray worker does not see this folder; put the images on storage"):
            RayExecutor(engine, tmp_path / "gone", 1, FAKE)
        (tmp_path / "lost").mkdir()
        with RayExecutor(engine, tmp_path / "lost", 1, FAKE) as joined:
            (tmp_path / "lost").rmdir()
            with pytest.raises(
                UserError, match="Ray: .*lost: a Ray worker does not see .*; the same command continues"
            ):
                list(joined.read(["a.png"]))
        summary = run_ocr(names, tmp_path, tmp_path / "ray", engine, executor="ray", **job)
        assert (summary.read, summary.with_text, summary.without_text) == (4, 2, 1)
        assert ray.is_initialized()
    assert not ray.is_initialized()
    printed = capfd.readouterr()
    assert printed.out == printed.err == ""

    ours, theirs = OCRTable.open(tmp_path / "ray"), OCRTable.open(tmp_path / "processes")
    assert sorted(ours.images) == sorted(theirs.images) == sorted(names)
    for name in names:
        left, right = (vars(table.record(int(table.rows_of([name])[0]))) for table in (ours, theirs))
        for field in ("texts", "width", "height", "engine", "error"):
            assert left[field] == right[field]
        assert left["scores"].tolist() == right["scores"].tolist()
        assert left["boxes"].tolist() == right["boxes"].tolist()
    [row] = ours.rows_of(["red.png"]).tolist()
    assert ours.record(row).error == "the OCR worker died on this image (exit code -9)"
