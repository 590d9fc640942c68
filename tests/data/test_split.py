from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kdxf.data.split import (
    LabelledImages,
    assign_parts,
    format_summary,
    inner_classes,
    keep_class_map,
    list_unlabelled,
    read_class_folders,
    read_labelled_list,
    relative_to_root,
    split,
    write_split,
)
from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations, read_classes


def make_images(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content does not matter here")


def labelled(counts: dict[str, int]) -> LabelledImages:
    rows = [(f"{label}/{number:03d}.jpg", label) for label, count in counts.items() for number in range(count)]
    return LabelledImages(pd.DataFrame(rows, columns=["image", "label"], dtype="str"), list(counts), Path("data"))


def test_class_folders_become_ids_and_paths(tmp_path):
    names = ("10/b 1.jpg", "2/图.PNG", "2/sub/c.jpg", "2/note.txt", ".x/d.jpg")
    make_images(tmp_path, *(f"train/{name}" for name in names))
    (tmp_path / "train" / "3").mkdir()
    data = read_class_folders(tmp_path / "train", tmp_path)
    assert data.ids == ["2", "3", "10"]
    assert data.frame.values.tolist() == [
        ["train/2/sub/c.jpg", "2"],
        ["train/2/图.PNG", "2"],
        ["train/10/b 1.jpg", "10"],
    ]


def test_the_innermost_folders_may_be_the_classes(tmp_path):
    names = ("Fruit/Apple/Golden/1.jpg", "Fruit/Apple/Gala/2.jpg", "Fruit/Lime/3.jpg", "Milk/Whole/4.jpg")
    make_images(tmp_path, *names)
    assert inner_classes(tmp_path)
    data = read_class_folders(tmp_path, tmp_path, inner=True)
    assert data.ids == ["Gala", "Golden", "Lime", "Whole"]
    assert dict(data.frame.to_numpy()) == {name: name.split("/")[-2] for name in names}
    assert read_class_folders(tmp_path, tmp_path).ids == ["Fruit", "Milk"]


@pytest.mark.parametrize(
    "names",
    [
        ("cats/2024/1.jpg", "dogs/2024/2.jpg"),
        ("cats/2023/1.jpg", "dogs/2024/2.jpg"),
        ("cats/1.jpg", "dogs/old/2.jpg"),
        ("pets/cats/1.jpg", "pets/cats/old/2.jpg", "pets/dogs/3.jpg"),
        (".trash/cats/1.jpg", ".trash/dogs/2.jpg"),
    ],
)
def test_folders_inside_of_a_class_are_no_classes(tmp_path, names):
    make_images(tmp_path, *names)
    assert not inner_classes(tmp_path)


def test_innermost_folders_of_one_name_are_refused(tmp_path):
    make_images(tmp_path, "cats/2024/1.jpg", "dogs/2024/2.jpg")
    with pytest.raises(UserError, match="several folders have the name '2024', which cannot all be one class"):
        read_class_folders(tmp_path, tmp_path, inner=True)


def test_root_may_be_the_folder_itself_or_hold_a_link_to_it(tmp_path, monkeypatch):
    make_images(tmp_path, "disk/0/a.jpg")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train").symlink_to(tmp_path / "disk", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    assert read_class_folders(Path("data/train"), Path("data")).frame["image"].tolist() == ["train/0/a.jpg"]
    assert read_class_folders(Path("data/train"), Path("data/train")).frame["image"].tolist() == ["0/a.jpg"]


def test_says_what_is_wrong_with_a_folder(tmp_path):
    make_images(tmp_path, "flat/a.jpg", "train/0/a.jpg", "train/stray.jpg", "train/another.png")
    (tmp_path / "empty" / "0").mkdir(parents=True)
    (tmp_path / "bare").mkdir()
    cases = {
        r"flat: a.jpg \(1 in all\) lies in no class folder; move or remove it": "flat",
        r"train: another.png \(2 in all\) lies in no class folder": "train",
        "empty: no images in its 1 class folders": "empty",
        "bare: no class folders in it": "bare",
        "none: no such folder": "none",
    }
    for message, name in cases.items():
        with pytest.raises(UserError, match=message):
            read_class_folders(tmp_path / name, tmp_path)
    with pytest.raises(UserError, match="train: not inside the image root .*empty; choose the root with --root"):
        relative_to_root(tmp_path / "train", tmp_path / "empty")


def test_labelled_list_keeps_its_other_columns(tmp_path):
    path = tmp_path / "all.csv"
    rows = "a.jpg,手机,0.5\nb c.jpg,口红,1\nd.jpg,手机,2\ne.jpg,口红,3\n"
    path.write_text(f"image,label,weight\n{rows}", encoding="utf-8")
    data = read_labelled_list(path)
    assert data.ids == ["口红", "手机"]
    lists = split(data, 0.5).lists
    assert list(lists["train"].columns) == ["image", "label", "weight"]
    assert lists["train_full"]["weight"].tolist() == [0.5, 1, 2, 3]


def test_says_what_is_wrong_with_a_list(tmp_path):
    (tmp_path / "bare.csv").write_text("image\na.jpg\n")
    with pytest.raises(UserError, match="bare.csv: no labels; only labelled images can be split"):
        read_labelled_list(tmp_path / "bare.csv")
    (tmp_path / "twice.csv").write_text("image,label\na.jpg,0\nb.jpg,0\na.jpg,1\n")
    with pytest.raises(UserError, match="twice.csv: a.jpg is listed twice; it could land in train and in val"):
        read_labelled_list(tmp_path / "twice.csv")


def test_unlabelled_images(tmp_path):
    make_images(tmp_path, "test/10.jpg", "test/a b.png")
    (tmp_path / "bare").mkdir()
    assert list_unlabelled(tmp_path / "test", tmp_path)["image"].tolist() == ["test/10.jpg", "test/a b.png"]
    with pytest.raises(UserError, match="bare: no images in it"):
        list_unlabelled(tmp_path / "bare", tmp_path)


@pytest.mark.parametrize(
    ("count", "fraction", "test_fraction", "expected"),  # train, val, test
    [
        (1, 0.85, 0.0, (1, 0, 0)),
        (2, 0.85, 0.0, (1, 1, 0)),
        (7, 0.85, 0.0, (5, 2, 0)),  # floor(5.95)
        (20, 0.85, 0.0, (17, 3, 0)),
        (100, 0.29, 0.0, (29, 71, 0)),  # 100 * 0.29 is 28.999... in floating point
        (10, 0.7, 0.2, (7, 1, 2)),
        (3, 0.1, 0.3, (1, 2, 0)),  # at least one for training
    ],
)
def test_sizes_of_the_parts(count, fraction, test_fraction, expected):
    parts = list(assign_parts([f"{n}.jpg" for n in range(count)], fraction, test_fraction, "key").values())
    assert tuple(parts.count(part) for part in ("train", "val", "test")) == expected


def test_the_choice_depends_on_the_key_alone():
    images = [f"{n}.jpg" for n in range(40)]
    first = assign_parts(images, 0.5, 0.25, "0/a")
    assert assign_parts(images[::-1], 0.5, 0.25, "0/a") == first
    assert assign_parts(images, 0.5, 0.25, "1/a") != first
    train = [int(image[:-4]) for image, part in first.items() if part == "train"]
    assert 5 < sum(n < 20 for n in train) < 15  # drawn at random, not the first half


def test_lists_are_disjoint_and_complete_class_by_class():
    data = labelled({"a": 20, "b": 7, "c": 1})
    result = split(data, fraction=0.7, test_fraction=0.1, seed=3)
    images = {name: set(frame["image"]) for name, frame in result.lists.items()}
    assert images["train"] | images["val"] | images["test"] == set(data.frame["image"])
    assert sum(len(images[name]) for name in ("train", "val", "test")) == 28
    assert images["train_full"] == images["train"] | images["val"]
    sizes = {name: result.lists[name]["label"].value_counts().to_dict() for name in ("train", "val", "test")}
    assert sizes == {"train": {"a": 14, "b": 4, "c": 1}, "val": {"a": 4, "b": 3}, "test": {"a": 2}}


def test_by_default_85_percent_of_what_is_not_for_testing_is_for_training():
    lists = split(labelled({"a": 100}), test_fraction=0.2).lists
    assert {name: len(lists[name]) for name in ("train", "val", "test")} == {"train": 68, "val": 12, "test": 20}
    assert len(split(labelled({"a": 100})).lists["train"]) == 85


def test_classes_too_small_to_test_on():
    with pytest.raises(
        UserError, match="data: none of its 12 images of 2 classes is left to test on; a class needs 7 or"
    ):
        split(labelled({"a": 6, "b": 6}), test_fraction=0.15)


def test_another_class_or_another_order_changes_nothing():
    few, more = labelled({"a": 20, "b": 9}), labelled({"a": 20, "z": 30, "b": 9})
    shuffled = LabelledImages(few.frame.sample(frac=1, random_state=0).reset_index(drop=True), few.ids, few.source)
    expected = set(split(few).lists["train"]["image"])
    assert set(split(shuffled).lists["train"]["image"]) == expected
    assert {image for image in split(more).lists["train"]["image"] if image[0] != "z"} == expected
    assert set(split(few, seed=1).lists["train"]["image"]) != expected


def test_names_replace_ids_and_the_class_table_leads_back():
    result = split(labelled({"3": 2, "40": 3, "41": 0}), names=["手机", "口红", "女装"])
    assert set(result.lists["val"]["label"]) == {"手机", "口红"}
    assert result.classes.values.tolist() == [[0, "3", "手机", 2], [1, "40", "口红", 3], [2, "41", "女装", 0]]
    with pytest.raises(ValueError, match="same length"):
        split(labelled({"3": 2}), names=["手机", "口红"])


def test_warns_of_small_classes():
    assert split(labelled({"a": 9, "b": 1, "c": 0, "d": 1, "e": 4})).warnings == [
        "classes without any image (1): c",
        "classes of one image, which is in train; none in val (2): b, d",
        "classes of fewer than 5 images (1): e",
    ]
    assert split(labelled({"a": 5})).warnings == []


@pytest.mark.parametrize(("fraction", "test_fraction"), [(1.0, 0.0), (0.0, 0.0), (0.8, 0.2), (0.5, -0.1), (85.0, 0.0)])
def test_fractions_must_leave_something_for_validation(fraction, test_fraction):
    with pytest.raises(UserError, match="together below 1, so that some images are left for validation"):
        split(labelled({"a": 9}), fraction, test_fraction)


def test_classes_of_one_image_cannot_be_validated():
    with pytest.raises(UserError, match="data: no class has two images, so none is left for validation"):
        split(labelled({"a": 1, "b": 1}))


def test_written_lists_read_back(tmp_path):
    result = split(labelled({"0": 4, "1": 4}), names=["a, b", "女装"])
    write_split(result, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "classes.csv",
        "classes.txt",
        "train.csv",
        "train_full.csv",
        "val.csv",
    ]
    assert read_classes(tmp_path / "classes.txt") == ["a, b", "女装"]
    for name, frame in result.lists.items():
        assert read_annotations(tmp_path / f"{name}.csv").values.tolist() == frame.values.tolist()


def test_never_replaces_other_lists_unasked(tmp_path):
    data = labelled({"0": 20, "1": 20})
    write_split(split(data), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_split(split(data), tmp_path)  # the same lists again
    with pytest.raises(UserError, match=r"train.csv, val.csv would change; --overwrite replaces them"):
        write_split(split(data, seed=1), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    write_split(split(data, seed=1), tmp_path, overwrite=True)
    assert (tmp_path / "train.csv").read_bytes() != before["train.csv"]


def test_a_class_map_keeps_its_numbering():
    classes = pd.DataFrame({"index": [0, 1, 2], "id": ["7", "9", "12"], "name": ["pear", "fig", "apple"]})
    data, names = keep_class_map(labelled({"apple": 4, "pear": 4}), classes)
    result = split(data, names=names)
    assert result.classes.to_numpy().tolist() == [[0, "7", "pear", 4], [1, "9", "fig", 0], [2, "12", "apple", 4]]
    assert set(result.lists["train"]["label"]) == {"pear", "apple"}
    other = labelled({"apple": 4, "kiwi": 4})
    assert keep_class_map(other, classes) == (other, None)


def test_an_input_is_never_replaced_and_a_dry_run_writes_nothing(tmp_path):
    data = labelled({"0": 20, "1": 20})
    write_split(split(data), tmp_path / "new", dry_run=True)
    assert not (tmp_path / "new").exists()
    write_split(split(data), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_split(split(data, seed=1), tmp_path, overwrite=True, dry_run=True)
    with pytest.raises(UserError, match=r"train.csv: is an input, which is never changed; choose another --out$"):
        write_split(split(data, seed=1), tmp_path, overwrite=True, inputs=[tmp_path / "train.csv"])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_summary():
    result = split(labelled({"a": 20, "b": 7}))
    result.lists["test"] = pd.DataFrame({"image": ["x.jpg"]})
    assert format_summary(result).splitlines() == [
        "list          images  classes  smallest  largest",
        "train             22        2         5       17",
        "val                5        2         2        3",
        "train_full        27        2         7       20",
        "test               1",
    ]


def test_groups_stay_together_and_sizes_are_kept():
    data = labelled({"a": 40, "b": 20, "c": 1})
    groups = np.array([*(np.arange(60) // 2), 30])
    result = split(data, 0.7, 0.1, seed=1, groups=groups)
    sizes = {name: result.lists[name]["label"].value_counts().to_dict() for name in ("train", "val", "test")}
    assert sizes == {"train": {"a": 28, "b": 14, "c": 1}, "val": {"a": 8, "b": 4}, "test": {"a": 4, "b": 2}}
    part_of = {image: name for name in sizes for image in result.lists[name]["image"]}
    parts = data.frame["image"].map(part_of)
    assert (parts.groupby(groups).nunique() == 1).all()
    places = np.random.default_rng(0).permutation(61)
    shuffled = LabelledImages(data.frame.iloc[places].reset_index(drop=True), data.ids, data.source)
    again = split(shuffled, 0.7, 0.1, seed=1, groups=pd.factorize(groups[places])[0])
    assert set(again.lists["val"]["image"]) == set(result.lists["val"]["image"])
    other = split(data, 0.7, 0.1, seed=2, groups=groups)
    assert set(other.lists["val"]["image"]) != set(result.lists["val"]["image"])


def test_groups_of_single_images_give_the_usual_sizes():
    data = labelled({"a": 20, "b": 7, "c": 2, "d": 1})
    result = split(data, groups=np.arange(30))
    usual = split(data)
    for name in ("train", "val"):
        sizes, expected = (found.lists[name]["label"].value_counts().to_dict() for found in (result, usual))
        assert sizes == expected


def test_a_class_in_one_group_is_for_training():
    data = labelled({"a": 6, "b": 4})
    result = split(data, 0.3, groups=np.array([0] * 6 + [1, 2, 3, 4]))
    assert set(result.lists["val"]["label"]) == {"b"}
    with pytest.raises(UserError, match="data: the groups are too large, so none is left for validation"):
        split(data, groups=np.array([0] * 6 + [1] * 4))


def test_class_folders_as_people_have_them(tmp_path):
    """Each picture once, with the class of the folder that holds it: links, leftovers, names in another form."""
    names = ("cat/1.JPG", "cat/._1.JPG", "cat/.ipynb_checkpoints/1.jpg", "__MACOSX/cat/1.jpg", "the\u0301/2.jpg")
    make_images(tmp_path / "data", *names)
    (tmp_path / "data" / "cat" / "photo").write_bytes(b"\xff\xd8\xff\xe0" + bytes(12))
    (tmp_path / "data" / "cat" / "up").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "a link").symlink_to(tmp_path / "data" / "cat")
    make_images(tmp_path / "far", "dog/3.jpg")
    (tmp_path / "data" / "dog").symlink_to(tmp_path / "far" / "dog")
    data = read_class_folders(tmp_path / "data", tmp_path / "data")
    assert data.ids == ["cat", "dog", "th\u00e9"]
    assert data.frame.to_numpy().tolist() == [
        ["cat/1.JPG", "cat"],
        ["cat/photo", "cat"],
        ["dog/3.jpg", "dog"],
        ["th\u00e9/2.jpg", "th\u00e9"],
    ]


def test_a_picture_without_an_extension_next_to_the_class_folders(tmp_path):
    make_images(tmp_path, "cat/1.jpg")
    (tmp_path / "photo").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(8))
    with pytest.raises(UserError, match=r"photo \(1 in all\) lies in no class folder; move or remove it"):
        read_class_folders(tmp_path, tmp_path)
