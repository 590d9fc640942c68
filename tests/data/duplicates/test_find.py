from pathlib import Path

import duplicates_pictures as pictures
import numpy as np
import pandas as pd
import pytest

from kdxf.data.duplicates import find as duplicates_grouping
from kdxf.data.duplicates.cache import Fingerprints
from kdxf.data.duplicates.find import different_looks, find_duplicates, group
from kdxf.data.duplicates.pairs import Pairs
from kdxf.data.lists import ImageList, read_list
from kdxf.errors import UserError


def prints(grey, digests=None, pixels=None):
    count = len(grey)
    digests = np.array(digests or [str(row) for row in range(count)])
    pixels = np.array(pixels or [100] * count)
    colour = np.zeros((count, 8, 8, 3), np.uint8)
    return Fingerprints(digests, pixels, np.zeros((count, 3), np.uint64), np.array(grey), colour, [None] * count)


def pairs(*ends):
    first, second = np.array(ends, np.int64).reshape(-1, 2).T
    return Pairs(first, second, np.ones(len(first)), np.zeros(len(first), bool))


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)


def numbered(count):
    """Pictures whose first pixel is their number, for a stand-in of the comparison."""
    return [np.full((48, 48), number, np.uint8) for number in range(count)]


def test_the_same_looks_have_one_number():
    white = np.full((48, 48), 250, np.uint8)
    found = different_looks(
        prints([noise(0), noise(1), noise(0), white, white, white, noise(2)], list("abcxyxd"), [9] * 6 + [0])
    )
    # Blank pictures count as the same only if their bytes are; the last one could not be read.
    assert found[0].tolist() == [0, 1, 0, 2, 3, 2, -1]
    assert found[1].tolist() == [0, 1, 3, 4]


def test_groups_stand_around_their_best_row(monkeypatch):
    monkeypatch.setattr(duplicates_grouping, "same_picture", lambda a, b: 0.99)
    looks = np.array([0, 1, 2, 1, 3, -1, -1])
    ranks = np.array([6, 5, 0, 4, 3, 2, 1])
    members = group(looks, ranks, prints(numbered(4)), pairs((0, 1)), 0.992, mirrored=False)
    # Row 3 is the best of rows 0, 1 and 3; rows 2 and 4 stand alone; rows 5 and 6 were not read.
    assert members.row.tolist() == [3, 1, 0] and members.reference.tolist() == [3, 3, 3]
    assert members.group.tolist() == [0, 0, 0] and members.similarity.tolist() == [1, 1, 0.99]


def test_a_chain_is_cut_where_its_ends_are_unlike(monkeypatch):
    """0 - 1 - 2 - 3 - 4, each similar only to its neighbours: 0 takes 1, then 2 takes 3, and 4 is left."""

    def neighbours(first, second):
        return 1 - abs(int(first[0, 0]) - int(second[0, 0])) / 60

    monkeypatch.setattr(duplicates_grouping, "same_picture", neighbours)
    members = group(
        np.arange(5), np.arange(5), prints(numbered(5)), pairs((0, 1), (1, 2), (2, 3), (3, 4)), 0.992, False
    )
    assert members.row.tolist() == [0, 1, 2, 3] and members.group.tolist() == [0, 0, 1, 1]
    assert members.reference.tolist() == [0, 0, 2, 2]
    members = group(np.arange(5), np.arange(5), prints(numbered(5)), pairs((0, 1), (1, 2), (2, 3), (3, 4)), 0.96, False)
    assert members.group.tolist() == [0, 0, 0, 1, 1]  # who asks for less gets longer chains


def test_says_which_one_is_the_mirror_image():
    first = np.random.default_rng(0).integers(0, 256, (12, 12), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    members = group(np.arange(2), np.arange(2), prints([first, first[:, ::-1]]), pairs((0, 1)), 0.992, mirrored=True)
    assert members.mirrored.tolist() == [False, True] and members.similarity.tolist() == [1, 1]


@pytest.fixture
def lists(tmp_path):
    """Two lists. Picture 0: its bytes, its pixels, smaller; 1: in both lists; 2: two labels; 3 alone; one is broken."""
    images = [pictures.picture(seed) for seed in range(4)]
    for name, image in {"a0": images[0], "a1": images[0], "b": images[1], "c": images[2], "d": images[3]}.items():
        pictures.save(tmp_path / f"{name}.jpg", image)
    decoded = pictures.cv2.imread(str(tmp_path / "a0.jpg"))
    pictures.save(tmp_path / "a2.png", decoded)
    pictures.save(tmp_path / "a3.jpg", pictures.EDITS["smaller"](decoded))
    pictures.save(tmp_path / "larger b.jpg", pictures.cv2.resize(images[1], (400, 320)))
    pictures.save(tmp_path / "c2.jpg", pictures.EDITS["brighter"](images[2]))
    (tmp_path / "broken.jpg").write_text("x")
    rows = "a3.jpg,x\na2.png,x\na1.jpg,x\na0.jpg,x\nb.jpg,y\nc.jpg,y\nc2.jpg,z\nd.jpg,z\nbroken.jpg,z\n"
    (tmp_path / "train.csv").write_text("image,label\n" + rows)
    (tmp_path / "val.csv").write_text("image,label,more\nlarger b.jpg,y,1\n")
    return [read_list(tmp_path / "train.csv"), read_list(tmp_path / "val.csv")]


def by_image(found):
    return {row.image: (row.group, row.kind) for row in found.groups.itertuples()}


def test_groups_kinds_and_what_stays(lists):
    found = find_duplicates(lists, 1)
    groups = by_image(found)
    a, b, c = (groups[name][0] for name in ("a0.jpg", "b.jpg", "c.jpg"))
    assert groups == {
        "a0.jpg": (a, "reference"),  # the largest; of equals the first by name
        "a1.jpg": (a, "exact"),
        "a2.png": (a, "pixels"),
        "a3.jpg": (a, "near"),
        "b.jpg": (b, "reference"),  # the first list comes before the larger picture
        "larger b.jpg": (b, "near"),
        "c.jpg": (c, "reference"),
        "c2.jpg": (c, "near"),
    }
    assert len({a, b, c}) == 3
    assert found.across_lists()["image"].tolist() == ["b.jpg", "larger b.jpg"]
    assert found.conflicting()["image"].tolist() == ["c.jpg", "c2.jpg"]
    assert found.rows["image"][found.keepers("drop")].tolist() == ["a0.jpg", "b.jpg", "d.jpg", "broken.jpg"]
    assert found.rows["image"][found.keepers("keep")].tolist() == ["a0.jpg", "b.jpg", "c.jpg", "d.jpg", "broken.jpg"]
    near = found.groups["kind"] == "near"
    assert (found.groups["distance"][~near] == 0).all() and found.groups["distance"][near].between(0, 0.008).all()
    assert found.rows["error"].notna().tolist() == [False] * 8 + [True, False]


def test_the_largest_may_stay_instead(lists):
    groups = by_image(find_duplicates(lists, 1, keep="largest"))
    assert groups["larger b.jpg"][1] == "reference" and groups["b.jpg"][1] == "near"


def test_the_order_of_the_rows_does_not_matter(lists):
    found = find_duplicates(lists, 1)
    train = lists[0]
    turned = ImageList(train.frame.iloc[::-1].reset_index(drop=True), train.root, train.source)
    again = find_duplicates([turned, lists[1]], 1)
    columns = ["image", "list", "label", "group", "kind", "distance"]
    pd.testing.assert_frame_equal(found.groups[columns], again.groups[columns])


def test_an_image_listed_twice_is_its_own_duplicate(lists):
    train = lists[0]
    found = find_duplicates([train, ImageList(train.frame.iloc[[7]], train.root, train.source)], 1)
    assert [row[1:] for row in found.groups[found.groups["image"] == "d.jpg"][["image", "kind"]].itertuples()] == [
        ("d.jpg", "reference"),
        ("d.jpg", "exact"),
    ]


def test_candidates_are_asked_for_by_path(lists):
    asked = []

    def propose(paths):
        asked.extend(paths)
        return np.zeros(0, np.int64), np.zeros(0, np.int64)

    find_duplicates(lists, 1, candidates=propose)
    # Of pictures that look the same to a pixel, one.
    assert [Path(path).name for path in asked] == [
        f"{name}.jpg" for name in ("a0", "a3", "b", "c", "c2", "d", "larger b")
    ]


def test_mistakes(lists, tmp_path):
    with pytest.raises(UserError, match="--similarity: must lie between 0.5 and 1, not 2"):
        find_duplicates(lists, 1, similarity=2)
    elsewhere = [read_list(tmp_path / "train.csv", root=tmp_path / "elsewhere")]
    with pytest.raises(UserError, match=r"train.csv: no image can be read \(first: cannot open .*\); check --root"):
        find_duplicates(elsewhere, 1)
