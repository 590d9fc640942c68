import gzip
import io
import random
import tarfile

import pytest

from kdxf.errors import UserError
from kdxf_runtime.io.tar_shards import TarShard, is_shard

LONG = "目录/" * 40 + "a.jpg"  # needs an extended header
FILES = {"a.jpg": b"first", "dir/b c.jpg": b"x" * 3000, LONG: b"third", "empty.jpg": b""}


def pack(path, mode="w", **options):
    """A shard of FILES with what else archives hold: a folder, links, and a newer version of a file."""
    with tarfile.open(path, mode, **options) as archive:

        def add(name, data=b"", kind=tarfile.REGTYPE, target=""):
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(data), kind, target
            archive.addfile(member, io.BytesIO(data))

        add("./", kind=tarfile.DIRTYPE)
        add("./a.jpg", b"old")
        for name, data in FILES.items():
            add(f"./{name}", data)
        add("hard.jpg", kind=tarfile.LNKTYPE, target="./dir/b c.jpg")
        add("soft.jpg", kind=tarfile.SYMTYPE, target="a.jpg")
    return path


@pytest.mark.parametrize("name", ["s.tar", "s.tar.gz", "S.TGZ"])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_reads_members_where_they_lie(tmp_path, name, form):
    path = pack(tmp_path / name, "w" if name.endswith("tar") else "w:gz", format=form)
    with TarShard(path) as shard:
        assert shard.names == [*FILES, "hard.jpg"]
        order = list(FILES) * 3
        random.Random(0).shuffle(order)
        for member in order:
            assert shard.read(member) == FILES[member]
        assert shard.read("hard.jpg") == FILES["dir/b c.jpg"]
        with pytest.raises(KeyError):
            shard.read("soft.jpg")


def test_names_of_shards(tmp_path):
    assert [is_shard(tmp_path / name) for name in ("a.tar", "a.TAR.GZ", "a.tgz", "a.gz", "tar", "a.tar.jpg")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_empty_archive_has_no_members(tmp_path):
    tarfile.open(tmp_path / "s.tar", "w").close()
    with TarShard(tmp_path / "s.tar") as shard:
        assert shard.names == []


def test_broken_shards_are_named(tmp_path):
    with pytest.raises(UserError, match=r"none.tar: no such tar shard"):
        TarShard(tmp_path / "none.tar")
    whole = pack(tmp_path / "s.tar").read_bytes()
    # Cut in a member's bytes, in a header, between two members (the end mark is lost), and a damaged header.
    size = whole.index(b"x" * 3000)
    header = whole.index(b"./dir/b c.jpg")
    damaged = whole[:header] + b"?" * 512 + whole[header + 512 :]
    for data in (whole[: size + 100], whole[: header + 100], whole[:header], damaged, b"", b"no tar at all" * 99):
        (tmp_path / "s.tar").write_bytes(data)
        with pytest.raises(UserError, match=r"s.tar: not a whole tar file \(.+\); copy or make it again"):
            TarShard(tmp_path / "s.tar")
    packed = gzip.compress(whole)
    for data in (packed[:-40], packed[:100] + b"\0" * 50 + packed[150:], whole, packed[:-8] + b"\1" * 8):
        (tmp_path / "s.tgz").write_bytes(data)
        with pytest.raises(UserError, match=r"s.tgz: not a whole tar file"):
            TarShard(tmp_path / "s.tgz")


def test_shard_that_breaks_later(tmp_path):
    path = pack(tmp_path / "s.tar")
    with TarShard(path) as shard:
        with open(path, "r+b") as file:
            file.truncate(2000)
        with pytest.raises(OSError, match="the tar shard ends early"):
            shard.read("dir/b c.jpg")
    packed = pack(tmp_path / "s.tgz", "w:gz")
    with TarShard(packed) as shard:
        shard.read("hard.jpg")
        packed.write_bytes(packed.read_bytes()[:60])
        with pytest.raises(OSError, match=r"the tar shard is broken: .+"):
            for _ in range(2):  # the first bytes may still be in the buffer
                shard.read("a.jpg")
                shard.read(LONG)
