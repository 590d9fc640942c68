"""A bundle is opened as it was made, or refused in one line."""

import hashlib
import io
import json
import os
import re
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kdxf_runtime.bundle import Bundle, GraphInput, Manifest, check_files, describe_files, list_files, pack, stacked
from kdxf_runtime.errors import UserError
from kdxf_runtime.io import kept_folders

MANIFEST = {
    "name": "milk",
    "classes": ["milk", "奶粉"],
    "inputs": [{"name": "img", "dtype": "uint8", "shape": [None, 3, 4, 4]}],
    "steps": [{"type": "LoadImage", "blank_size": 4}],
    "names": None,
    "views": None,
    "engine": None,
    "multi_label": None,
    "calibration": None,
    "routing": None,
    "fingerprint": None,
    "about": {},
    "files": {},
    "format": 1,
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Zip files are unpacked here, and not into the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kdxf" / "bundles"


@pytest.fixture
def folder(tmp_path):
    """A folder that has all that opening a bundle looks at; nobody loads its graph."""
    folder = tmp_path / "milk"
    (folder / "text").mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"graph")
    (folder / "text" / "词.txt").write_text("牛奶 5\n", encoding="utf-8")
    seal(folder)
    return folder


def seal(folder, **values):
    content = {**MANIFEST, "files": describe_files(folder), **values}
    (folder / "bundle.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def refused(path, message):
    with pytest.raises(UserError) as caught:
        Bundle.open(path)
    assert str(caught.value) == message


def test_what_was_written_is_read(folder):
    bundle = Bundle.open(folder)
    assert bundle.folder == folder and re.fullmatch("[0-9a-f]{64}", bundle.digest)
    manifest = bundle.manifest
    assert (manifest.name, manifest.classes) == ("milk", ("milk", "奶粉"))
    assert manifest.inputs == (GraphInput("img", "uint8", (None, 3, 4, 4)),)
    assert manifest.steps == ({"type": "LoadImage", "blank_size": 4},)
    assert manifest.files["model.onnx"] == {"bytes": 5, "sha256": hashlib.sha256(b"graph").hexdigest()}
    assert Manifest.parse(json.loads(manifest.to_json())) == manifest


def test_names_for_people(folder):
    seal(folder, names=["Milk", "Milk powder"])
    categories = Bundle.open(folder).manifest.categories
    assert (categories.ids, categories.names) == ((0, 1), ("Milk", "Milk powder"))
    seal(folder, classes=["12", "7"])
    assert Bundle.open(folder).manifest.categories.ids == (12, 7)


def test_no_bundle(tmp_path, folder):
    refused(tmp_path / "gone", f"{tmp_path}/gone: is no bundle (it has no bundle.json); make one with kdxf export")
    (folder / "bundle.json").unlink()
    refused(folder, f"{folder}: is no bundle (it has no bundle.json); make one with kdxf export")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON in UTF-8: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[1]", "holds no object; export the bundle anew"),
        ("{}", "has format None, and this version reads 1; export the bundle anew"),
        ('{"format": 2}', "has format 2, and this version reads 1; export the bundle anew"),
        ('{"format": 1}', "has no 'inputs'; export the bundle anew"),
    ],
)
def test_manifests_that_are_none(folder, text, reason):
    (folder / "bundle.json").write_text(text)
    refused(folder, f"{folder}/bundle.json: {reason}")


CLASSES = "classes are none, or twice the same, or have another number of names"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"classes": []}, CLASSES),
        ({"classes": ["a", "a"]}, CLASSES),
        ({"names": ["a"]}, CLASSES),
        ({"classes": ["a", 5]}, "a class has a name that is no text"),
        ({"steps": [{"scale": 4}]}, "a step has no type"),
        ({"views": [["LoadImage"]]}, "a step has no type"),
        (
            {"inputs": [{"name": "img", "dtype": "object", "shape": [None]}]},
            "input 'img' has the type 'object' and the shape (None,)",
        ),
        (
            {"inputs": [{"name": "img", "dtype": "uint8", "shape": [None, -1]}]},
            "input 'img' has the type 'uint8' and the shape (None, -1)",
        ),
        ({"multi_label": {"threshold": "high"}}, "has the rule threshold = 'high' for several labels"),
        ({"multi_label": {"topk": 3}}, "has the rule topk = 3 for several labels"),
        ({"multi_label": {"best": 1}}, "has the rule best = 1 for several labels"),
        ({"files": ["model.onnx"]}, "does not give the size and digest of each file"),
        ({"files": {"model.onnx": 5}}, "does not give the size and digest of each file"),
        ({"colour": 1}, "Manifest.__init__() got an unexpected keyword argument 'colour'"),
    ],
)
def test_manifests_with_wrong_values(folder, values, reason):
    seal(folder, **values)
    refused(folder, f"{folder}/bundle.json: {reason}; export the bundle anew")


def test_a_missing_file(folder):
    (folder / "model.onnx").unlink()
    refused(folder, f"{folder}/model.onnx: is missing from the bundle, or is a link; copy the bundle again")


@pytest.mark.parametrize("content", [b"grape", b"graph2", b""])
def test_a_changed_file(folder, content):
    (folder / "model.onnx").write_bytes(content)
    advice = "copy the bundle again, or export it anew"
    refused(folder, f"{folder}/model.onnx: is not the file that was exported; {advice}")


def test_a_file_too_many(folder):
    (folder / "text" / "more.txt").touch()
    refused(folder, f"{folder}/text/more.txt: does not belong to the bundle; remove it")


def test_links(folder, tmp_path):
    (folder / "model.onnx").rename(tmp_path / "elsewhere.onnx")
    (folder / "model.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    refused(folder, f"{folder}/model.onnx: is missing from the bundle, or is a link; copy the bundle again")
    (folder / "model.onnx").unlink()
    (tmp_path / "elsewhere.onnx").rename(folder / "model.onnx")
    (folder / "text").rename(tmp_path / "text")
    (folder / "text").symlink_to(tmp_path / "text")
    refused(folder, f"{folder}/text: does not belong to the bundle; remove it")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "", ".", "C:/x", "a\\b", "a\0b"])
def test_names_that_lead_out(folder, name):
    message = f"{folder}/bundle.json: {name!r} is not a path inside the bundle; it comes from nobody's export"
    bundle = Bundle.open(folder)
    with pytest.raises(UserError) as caught:
        bundle.path(name)
    assert str(caught.value) == message
    seal(folder, files={**describe_files(folder), name: {"bytes": 1, "sha256": ""}})
    refused(folder, message)


def test_too_many_files(tmp_path):
    with pytest.raises(UserError, match=r"bundle\.json: names 10001 files, and at most 10000 are read$"):
        check_files(tmp_path, {f"{index}": {} for index in range(10_001)})


def test_list_of_files(folder):
    assert list(list_files(folder)) == ["bundle.json", "model.onnx", "text/词.txt"]
    assert list(describe_files(folder)) == ["model.onnx", "text/词.txt"]


# One file


@pytest.fixture
def packed(folder, tmp_path):
    pack(folder, tmp_path / "milk.kdxf")
    return tmp_path / "milk.kdxf"


def test_one_file_is_unpacked_once(packed, folder, cache):
    bundle = Bundle.open(packed)
    assert (bundle.manifest, bundle.digest) == (Bundle.open(folder).manifest, Bundle.open(folder).digest)
    assert bundle.folder == cache / bundle.digest and [path.name for path in cache.iterdir()] == [bundle.digest]
    before = (bundle.folder / "model.onnx").stat().st_ino
    assert Bundle.open(packed).folder == bundle.folder
    assert (bundle.folder / "model.onnx").stat().st_ino == before
    assert [path.name for path in packed.parent.iterdir() if path.name.startswith(".")] == []


def test_what_was_damaged_in_the_cache_is_unpacked_again(packed):
    bundle = Bundle.open(packed)
    (bundle.folder / "model.onnx").write_bytes(b"grape")
    assert (Bundle.open(packed).folder / "model.onnx").read_bytes() == b"graph"


def test_a_changed_archive_does_not_stay_in_the_cache(packed, folder, cache):
    manifest = (folder / "bundle.json").read_bytes()
    (folder / "model.onnx").write_bytes(b"grape")
    assert (folder / "bundle.json").read_bytes() == manifest
    pack(folder, packed.with_name("false.kdxf"))
    message = f"{packed.with_name('false.kdxf')}/model.onnx: is not the file that was exported; copy the bundle again, "
    refused(packed.with_name("false.kdxf"), f"{message}or export it anew")
    assert list(cache.iterdir()) == []
    assert (Bundle.open(packed).folder / "model.onnx").read_bytes() == b"graph"


def archive(path, members, compression=zipfile.ZIP_STORED):
    """Write a zip file with (name or ZipInfo, content) members."""
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_nobody_exported(tmp_path, cache):
    path, origin = tmp_path / "x.kdxf", "it comes from nobody's export"
    manifest = ("bundle.json", "{}")
    archive(path, [("model.onnx", "")])
    refused(path, f"{path}: is no bundle (it has no bundle.json); make one with kdxf export --out NAME.kdxf")
    archive(path, [manifest, ("model.onnx", "0" * 100)], zipfile.ZIP_DEFLATED)
    refused(path, f"{path}: bundle.json is compressed, or a link; {origin}")
    archive(path, [manifest, (link("model.onnx"), "/etc/passwd")])
    refused(path, f"{path}: model.onnx is compressed, or a link; {origin}")
    archive(path, [manifest, ("a", "1"), ("a", "2")])
    refused(path, f"{path}: holds 3 files, or one twice; {origin}")
    archive(path, [manifest, ("../../x", "1")])
    refused(path, f"{path}: '../../x' is not a path inside the bundle; {origin}")
    archive(path, [manifest, ("/tmp/x", "1")])
    refused(path, f"{path}: '/tmp/x' is not a path inside the bundle; {origin}")
    assert not cache.exists() or list(cache.iterdir()) == []


def test_more_than_the_archive_holds(tmp_path):
    """Ten members whose headers lead to the same bytes: the overlapping kind of bomb."""
    path = tmp_path / "bomb.kdxf"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("bundle.json", "{}")
        file.writestr("a", "0" * 10_000)
        (first,) = [info for info in file.filelist if info.filename == "a"]
        for index in range(9):
            copy = zipfile.ZipInfo(f"b{index}")
            for name in ("header_offset", "file_size", "compress_size", "CRC", "external_attr"):
                setattr(copy, name, getattr(first, name))
            file.filelist.append(copy)
            file.NameToInfo[copy.filename] = copy
    path.write_bytes(buffer.getvalue())
    refused(path, f"{path}: its files are larger than itself; it comes from nobody's export")


@pytest.mark.parametrize("cut", [0, 10, -30])
def test_what_is_no_whole_archive(packed, cut):
    packed.write_bytes(packed.read_bytes()[:cut])
    advice = "copy it again, or export it anew"
    refused(packed, f"{packed}: is no whole bundle (File is not a zip file); {advice}")


def test_damage_inside_an_archive(packed):
    data = packed.read_bytes()
    packed.write_bytes(data.replace(b"graph", b"grape", 1))
    with pytest.raises(UserError, match=r"milk\.kdxf: is no whole bundle \(Bad CRC-32 for file 'model\.onnx'\); copy"):
        Bundle.open(packed)


def test_another_process_was_first(packed, monkeypatch, cache):
    kept = os.replace

    def late(source, target):
        kept(source, target)
        Path(source).mkdir()  # so that there is something to move
        raise OSError(39, "Directory not empty")

    monkeypatch.setattr("kdxf_runtime.bundle.os.replace", late)
    assert (Bundle.open(packed).folder / "model.onnx").read_bytes() == b"graph"
    assert len(list(cache.iterdir())) == 1


def test_the_last_bundles_stay_unpacked(folder, tmp_path, cache, monkeypatch):
    monkeypatch.setattr(kept_folders, "_held", {})
    digests = []
    for number in range(6):
        seal(folder, name=f"milk {number}")
        pack(folder, tmp_path / "milk.kdxf")
        digests.append(Bundle.open(tmp_path / "milk.kdxf").digest)
        os.utime(cache / digests[-1], (number, number))
        for handle in kept_folders._held.values():
            os.close(handle)  # as if the process had ended
        kept_folders._held.clear()
    assert {path.name for path in cache.iterdir()} == set(digests[2:])


def test_one_that_is_removed_while_it_is_opened(packed, monkeypatch):
    monkeypatch.setattr("kdxf_runtime.bundle.hold", lambda target: False)
    with pytest.raises(UserError, match=r"bundles/\w+: was removed while it was opened; open the bundle again$"):
        Bundle.open(packed)


def test_a_cache_that_cannot_be_written(packed, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kdxf_runtime.bundle.os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        Bundle.open(packed)


# Batches


def test_batches():
    item = GraphInput("text", "float32", (None, None, 2))
    batch = stacked(item, [np.zeros((3, 2)), np.ones((3, 2))])
    assert batch.shape == (2, 3, 2) and batch.dtype == np.float32 and batch[1].all()
    message = r"^input text: the pipeline gives \(3, 4\) and the graph takes \(None, 2\); export the bundle anew$"
    with pytest.raises(UserError, match=message):
        stacked(item, [np.zeros((3, 4))])
    with pytest.raises(UserError, match=r"^input text: the pipeline gives \(2,\) and"):
        stacked(item, [np.zeros(2)])
