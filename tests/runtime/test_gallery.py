import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kdxf_runtime.bundle import Bundle, Manifest
from kdxf_runtime.errors import UserError
from kdxf_runtime.gallery import Gallery, Neighbour, build, list_classes, unit, vote
from kdxf_runtime.inputs import InputImage

BUNDLE = Bundle(Path("bundle"), Manifest("m", ("a", "b"), (), ()), "digest")


def embedded(*rows):
    return [(InputImage(path, path, path), label, np.array(feature, np.float32)) for path, label, feature in rows]


@pytest.fixture
def gallery():
    return build(BUNDLE, embedded(("1.jpg", "milk", (2, 0)), ("2.jpg", "milk", (1, 1)), ("3.jpg", "tea", (0, -3))))


def test_the_nearest_by_hand(gallery):
    found = gallery.nearest(np.array([10.0, 0.0]), 5)
    assert [one.path for one in found] == ["1.jpg", "2.jpg", "3.jpg"]
    np.testing.assert_allclose([one.similarity for one in found], [1, 0.5**0.5, 0], atol=1e-3)
    assert gallery.nearest(np.array([0.0, -1.0]), 1) == [Neighbour("3.jpg", "tea", 1.0)]


def test_the_nearest_as_by_sorting_all():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40_000, 8)).astype(np.float32)  # several blocks
    rows = [(f"{i}", "x", row) for i, row in enumerate(features)]
    made = build(BUNDLE, embedded(*rows))
    asked = rng.normal(size=8).astype(np.float32)
    cosines = made.embeddings.astype(np.float32) @ unit(asked[None])[0]
    best = np.argsort(-cosines, kind="stable")[:7]
    assert [one.path for one in made.nearest(asked, 7)] == [str(row) for row in best]


def test_votes_by_hand():
    near = [Neighbour("1", "milk", 0.9), Neighbour("2", "tea", 0.6), Neighbour("3", "tea", 0.5)]
    label, share = vote(near)
    assert label == "tea" and share == pytest.approx(1.1 / 2.0)
    assert vote([Neighbour("1", "milk", -0.5), Neighbour("2", "tea", -0.2)]) == ("milk", 0.0)
    assert vote([Neighbour("1", "milk", 0.5), Neighbour("2", "tea", 0.5)]) == ("milk", 0.5)


def test_a_new_class_is_added_and_a_picture_replaced(gallery):
    more = build(BUNDLE, embedded(("2.jpg", "oats", (0, 1)), ("4.jpg", "oats", (-1, 0))), gallery)
    assert dict(zip(more.paths, more.labels, strict=True)) == {
        "1.jpg": "milk", "2.jpg": "oats", "3.jpg": "tea", "4.jpg": "oats"}  # fmt: skip
    assert more.nearest(np.array([0.0, 1.0]), 1)[0].label == "oats"


def test_it_comes_back_the_same(gallery, tmp_path):
    gallery.save(tmp_path / "g")
    found = Gallery.open(tmp_path / "g")
    assert (found.bundle, found.labels, found.paths) == (gallery.bundle, gallery.labels, gallery.paths)
    assert np.array_equal(found.embeddings, gallery.embeddings) and found.embeddings.dtype == np.float16
    assert sorted(path.name for path in (tmp_path / "g").iterdir()) == ["embeddings.npy", "gallery.json"]


def test_another_bundle_is_refused(gallery):
    with pytest.raises(UserError, match=r"bundle: is another bundle than the one that the gallery was made with.*"):
        replace(gallery, bundle="other").check(BUNDLE)
    with pytest.raises(UserError, match="make the gallery anew with kdxf index"):
        build(BUNDLE, [], replace(gallery, bundle="other"))


def test_nothing_is_no_gallery():
    with pytest.raises(UserError, match="no picture could be read, so there is no gallery"):
        build(BUNDLE, [])


FAULTS = {
    "format": lambda facts: facts | {"format": 9},
    "paths": lambda facts: facts | {"paths": []},
    "more labels": lambda facts: facts | {"labels": [*facts["labels"], "x"], "paths": [*facts["paths"], "x"]},
    "no bundle": lambda facts: {key: value for key, value in facts.items() if key != "bundle"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_one_is_one_line(gallery, tmp_path, fault):
    gallery.save(tmp_path)
    facts = json.loads((tmp_path / "gallery.json").read_text())
    (tmp_path / "gallery.json").write_text(json.dumps(FAULTS[fault](facts)))
    with pytest.raises(UserError, match=r"the gallery is damaged \(.*\); make it with kdxf index") as error:
        Gallery.open(tmp_path)
    assert "\n" not in str(error.value)


def test_no_gallery(tmp_path):
    with pytest.raises(UserError, match=r"is no gallery \(it has no gallery.json\); make it with kdxf index"):
        Gallery.open(tmp_path)


def test_classes_are_the_innermost_folders(tmp_path, draw):
    for name in ("fruit/apple/1.png", "fruit/pear/2.png", "tea/3.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        draw(tmp_path / name, "red")
    assert [label for _, label in list_classes(tmp_path)] == ["apple", "pear", "tea"]
    draw(tmp_path / "4.png", "red")
    with pytest.raises(UserError, match=r"4.png: lies in no folder of a class; move it into one, named as the class"):
        list_classes(tmp_path)
    with pytest.raises(UserError, match="no pictures there; give a folder with one folder of pictures per class"):
        list_classes(tmp_path / "none")
