import gzip
import os
import random
import tarfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.io import shard_members
from kdxf_runtime.io.images import ImageReadError, read_file
from kdxf_runtime.io.shard_members import Places, prepare, read_member, split_member

FILES = {f"cat {i % 3}/图 {i}.jpg": bytes([i]) * (700 * i + 1) for i in range(20)}


def pack(path, files=FILES, mode="w"):
    import io

    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_a_path_is_split_where_a_shard_is(tmp_path):
    shard = pack(tmp_path / "folder.tar" / "a.TAR")
    assert split_member(f"{shard}/b.tar/1.jpg") == (shard, "b.tar/1.jpg")
    assert split_member(shard / "1.jpg") == (shard, "1.jpg")
    for path in (shard, tmp_path / "folder.tar" / "1.jpg", tmp_path / "gone.tar" / "1.jpg", "1.jpg"):
        assert split_member(path) is None


def test_members_in_any_order_from_several_threads_and_a_fork(tmp_path):
    shard = pack(tmp_path / "0.tar")
    names = list(FILES) * 5
    random.Random(0).shuffle(names)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda name: read_file(f"{shard}/{name}"), names))
    assert found == [FILES[name] for name in names]
    child = os.fork()
    if child == 0:
        os._exit(0 if all(read_file(f"{shard}/{name}") == FILES[name] for name in names) else 1)
    assert all(read_file(f"{shard}/{name}") == FILES[name] for name in names)
    assert os.waitpid(child, 0)[1] == 0


def test_a_process_looks_once_for_the_members(tmp_path, monkeypatch):
    shard = pack(tmp_path / "0.tar")
    prepare([f"{shard}/{name}" for name in FILES] + ["a.jpg", str(tmp_path / "gone.tar/1.jpg")])
    with monkeypatch.context() as patched:
        patched.setattr(shard_members, "TarShard", None)
        assert read_member(shard, "cat 1/图 1.jpg") == FILES["cat 1/图 1.jpg"]
    pack(shard, {"new.jpg": b"of another shard"})  # in its place
    assert read_member(shard, "new.jpg") == b"of another shard"
    with pytest.raises(KeyError):
        read_member(shard, "cat 1/图 1.jpg")


def test_a_compressed_shard_is_read_in_order_and_refused_for_a_dataset(tmp_path):
    shard = pack(tmp_path / "0.tar.gz", mode="w:gz")
    for name in [*FILES, *reversed(FILES)]:
        assert read_member(shard, name) == FILES[name]
    with pytest.raises(
        UserError, match=rf"{shard}: is compressed, and a dataset reads .* unpack it .* \(gunzip 0.tar.gz\), and name"
    ):
        prepare([f"{shard}/a.jpg"])


def test_a_fork_does_not_move_the_position_in_its_parents_shard(tmp_path):
    noise = random.Random(0)
    files = {f"{i}.jpg": noise.randbytes(1 << 20) for i in range(4)}  # more than what a file reads ahead
    shard = pack(tmp_path / "0.tgz", files, mode="w:gz")
    assert read_member(shard, "0.jpg") == files["0.jpg"]
    child = os.fork()
    if child == 0:
        os._exit(0 if read_member(shard, "3.jpg") == files["3.jpg"] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert read_member(shard, "1.jpg") == files["1.jpg"]


def test_what_cannot_be_read(tmp_path):
    shard = pack(tmp_path / "0.tar")
    with pytest.raises(ImageReadError, match="the tar shard has no such member"):
        read_file(shard / "gone.jpg")
    data = shard.read_bytes()
    shard.write_bytes(data[:2000])
    with pytest.raises(ImageReadError, match=r"0.tar: not a whole tar file"):
        read_file(shard / "cat 1/图 1.jpg")
    with pytest.raises(UserError, match=r"0.tar: not a whole tar file"):
        prepare([f"{shard}/1.jpg"])
    (tmp_path / "1.tgz").write_bytes(gzip.compress(data)[:100])
    with pytest.raises(ImageReadError, match=r"1.tgz: not a whole tar file"):
        read_file(tmp_path / "1.tgz" / "1.jpg")


def test_a_shard_that_gets_shorter_while_it_is_read(tmp_path, monkeypatch):
    shard = pack(tmp_path / "0.tar")
    monkeypatch.setattr(shard_members, "_places_of", lambda *_: Places({"a": (shard.stat().st_size - 10, 11)}))
    with pytest.raises(ImageReadError, match="cannot open the file: the tar shard ends early"):
        read_file(shard / "a")


def test_places_of_many_members_and_of_none():
    members = {f"{i}.jpg": (512 * i, i) for i in range(5000)}
    places = Places(members)
    assert all(places.find(name) == span for name, span in members.items())
    for empty in (places, Places({})):
        with pytest.raises(KeyError):
            empty.find("5000.jpg")


def test_names_of_the_same_hash_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(shard_members, "_hash", lambda name: 7)
    shard = pack(tmp_path / "0.tar")
    with pytest.raises(UserError, match=r"0.tar: two members have names of the same hash; rename one of them"):
        prepare([f"{shard}/1.jpg"])
