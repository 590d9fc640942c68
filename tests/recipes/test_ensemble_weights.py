import json

import pytest

from kdxf.errors import UserError
from kdxf.recipes.ensemble_report import Report
from kdxf.recipes.ensemble_units import Unit
from kdxf.recipes.ensemble_weights import load_weights, save_weights

SCORES = [[0.75, 0.25]]
REPORT = Report("accuracy", 1, {}, {}, [])


def source(*digests):
    return {"inputs": [{"source": {"checkpoint_digest": digest}} for digest in digests]}


@pytest.fixture
def saved(write, tmp_path):
    """Weights of a group of two, of which b does not know its checkpoint, and of two single models, one without."""
    a, b, c, d = write("a", SCORES, source=source("1", "2")), write("b", SCORES), write("c", SCORES), write("d", SCORES)
    units = [Unit("image", (a, b)), Unit("c", (c,)), Unit("d", (d,))]
    path = tmp_path / "new" / "weights.json"
    assert save_weights(path, units, {"image": 0.6, "c": 0, "d": 0.4}, "geometric", REPORT) == ["a", "b", "d"]
    return path


def test_same_models_of_other_images(saved, write, tmp_path):
    (tmp_path / "test").mkdir()
    files = [write("other", SCORES, source=source("2", "1")), write("test/b", SCORES), write("test/d", SCORES)]
    units, weights, mean = load_weights(saved, files)
    assert units == [Unit("image", tuple(files[:2])), Unit("d", (files[2],))]
    assert weights == [0.6, 0.4] and mean == "geometric"
    assert json.loads(saved.read_text())["report"]["metric"] == "accuracy"


def test_other_models(saved, write):
    files = [write("a", SCORES, source=source("1", "3")), write("b", SCORES), write("d", SCORES)]
    with pytest.raises(
        UserError, match=r"a.parquet: is of other checkpoints than a, which stands at its place in .*we"
    ):
        load_weights(saved, files)
    with pytest.raises(
        UserError, match=r"d.parquet: does not know its checkpoint, and is not called b, as the model at"
    ):
        load_weights(saved, [write("a", SCORES), files[2], files[1]])
    with pytest.raises(UserError, match=r"weights.json: has weights for 3 models, not 2; give, in this order: a, b, d"):
        load_weights(saved, files[:2])


def test_no_file_of_weights(tmp_path):
    path = tmp_path / "w.json"
    with pytest.raises(UserError, match=r"w.json: no such file of weights; give a file that tools/recipes/ensemble.py"):
        load_weights(path, [])
    path.write_text("{")
    with pytest.raises(UserError, match=r"w.json: not JSON \(.*\); give a file that"):
        load_weights(path, [])
    path.write_text('{"mean": 1}')
    with pytest.raises(UserError, match=r"w.json: no file of weights; give a file that"):
        load_weights(path, [])
