import importlib.util
from functools import partial

import pandas as pd
import pytest


@pytest.fixture
def pictures(repo):
    path = repo / "tests/fixtures/duplicates_pictures.py"
    spec = importlib.util.spec_from_file_location("pictures", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data(tmp_path, pictures):
    images = [pictures.picture(seed) for seed in range(4)]
    for number, image in enumerate(images):
        pictures.save(tmp_path / "images" / f"{number}.jpg", image)
    pictures.save(tmp_path / "images" / "val" / "0 again.jpg", pictures.EDITS["cropped"](images[0]))
    pictures.save(tmp_path / "images" / "val" / "1 turned.jpg", images[1][:, ::-1])
    (tmp_path / "train.csv").write_text("image,label,more\n0.jpg,a,1\n1.jpg,a,2\n2.jpg,b,3\n3.jpg,b,4\n")
    return tmp_path


@pytest.fixture
def call(run_tool):
    return partial(run_tool, "tools/data/dedupe.py")


def test_finds_reports_writes_and_refuses(call, data):
    lists = (data / "train.csv", data / "images" / "val", "--root", data / "images", "--workers", 1)
    results = ("--out", data / "groups.csv", "--report", data / "page.html", "--out-lists", data / "clean")
    cache = ("--cache", data / "cache.parquet")
    done = call(*lists, *results, *cache, "--mirrored", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in data.iterdir()) == ["cache.parquet", "images", "train.csv"]
    done = call(*lists, *results, *cache, "--mirrored")
    assert done.returncode == 0, done.stderr
    numbers = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines())
    assert numbers["groups across lists"] == "2" and numbers["  mirrored"] == "1" and numbers["  near"] == "1"
    groups = pd.read_csv(data / "groups.csv")
    assert groups[["image", "kind"]].values.tolist() == [
        ["0.jpg", "reference"],
        ["val/0 again.jpg", "near"],
        ["1.jpg", "reference"],
        ["val/1 turned.jpg", "mirrored"],
    ]
    assert groups["list"].tolist() == [str(data / "train.csv"), str(data / "images" / "val")] * 2
    assert (data / "clean" / "train.csv").read_text() == (data / "train.csv").read_text()
    assert (data / "clean" / "val.csv").read_text() == "image\n"
    assert (data / "page.html").read_text().count("<figure>") == 4
    done = call(*lists, *results)
    assert done.returncode == 2 and "groups.csv: is there already" in done.stderr and "Traceback" not in done.stderr


def test_a_model_names_candidates(call, data, monkeypatch):
    """The tool hands the pictures to the model and what it says to the search."""
    import kdxf.inference.features
    import kdxf.inference.inferencer
    from kdxf.data.duplicates import pairs as duplicates_pairs

    monkeypatch.setattr(duplicates_pairs, "RADIUS", 0)  # hashes alone find nothing
    made, seen = [], []
    monkeypatch.setattr(kdxf.inference.inferencer, "KDXFInferencer", lambda *given: made.append(given))

    def extract(inferencer, paths, **options):
        seen.append(options)
        return pd.get_dummies([path.split("/")[-1][0] for path in paths]).to_numpy("float32")  # by their first digit

    monkeypatch.setattr(kdxf.inference.features, "extract_features", extract)
    arguments = [data / "images", "--workers", 1, "--config", "c.py", "--checkpoint", "c.pth", "--ocr", "table"]
    done = call(*arguments)
    assert done.returncode == 0, done.stderr
    assert [list(map(str, given)) for given in made] == [["c.py", "c.pth"]]
    assert str(seen[0]["ocr_table"]) == "table" and seen[0]["ocr_root"] == data / "images"
    assert "groups                                1\n" in done.stdout


def test_mistakes_end_with_one_line(call, data):
    train = data / "train.csv"
    cases = {
        "error: --config and --checkpoint: give both or none": (train, "--config", "x.py"),
        "train.csv: is an input, which is never changed": (train, "--out", train),
        "train.csv: is there already": (data / "images", "--report", train),
        "none.csv: no such annotation file": (data / "none.csv",),
    }
    for message, arguments in cases.items():
        done = call(*arguments)
        assert done.returncode == 2 and message in done.stderr
