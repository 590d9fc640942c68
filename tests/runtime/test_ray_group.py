import socket
import sys

import pyarrow as pa
import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.ray_group import RayGroup, _reason


def test_ray_is_named_when_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"--executor ray needs the package ray: pip install 'kdxf\[ray\]'"):
        RayGroup()


def test_cluster_that_does_not_answer():
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UserError, match=rf"--ray-address {address}: no Ray cluster answers there \(.*refused\)"):
            RayGroup(address=address)
    with pytest.raises(UserError, match="--ray-address nonsense: cannot join this Ray cluster"):
        RayGroup(address="nonsense")


def test_the_line_of_a_long_error():
    long = "Task failed\n  at line 1\n\nkdxf_runtime.errors.UserError: no such bundle\nthe end\n"
    assert _reason(RuntimeError(long)) == "no such bundle"
    assert _reason(RuntimeError("one\n two \n")) == "two"
    assert _reason(RuntimeError()) == "RuntimeError"


class Data:
    """Ray Data as far as ``map`` uses it, in this process; it keeps what it was given."""

    def __init__(self):
        self.blocks, self.options = [], {}

    def from_arrow(self, blocks):
        self.blocks = blocks
        return self

    def map_batches(self, actor, **options):
        self.actor, self.options = actor(*options["fn_constructor_args"]), options
        return self

    def ActorPoolStrategy(self, size):  # noqa: N802  (Ray's name)
        return size

    def iter_batches(self, **_):
        return map(self.actor, self.blocks)


class Adds:
    def __init__(self, number):
        self.number = number

    def __call__(self, keys):
        return pa.table({"sum": [key + self.number for key in keys["key"].to_pylist()]})


@pytest.mark.parametrize(
    ("count", "images", "sizes"),
    [(2, 20, [2] * 10), (2, 1000, [16] * 62 + [8]), (8, 3, [1] * 3), (1, 4000, [40] * 100), (2, 0, [])],
)
def test_blocks_are_small_enough_to_lose_and_few_enough_to_hold(count, images, sizes, monkeypatch):
    monkeypatch.setattr("kdxf_runtime.ray_group._MOST_TASKS", 100)
    group = object.__new__(RayGroup)
    group._data, group.count, group._joined = Data(), count, True
    group._ray = type("Ray", (), {"exceptions": type("Errors", (), {"RayError": OSError})})
    sums = [row for block in group.map(pa.table({"key": range(images)}), Adds, 5) for row in block["sum"].to_pylist()]
    assert sums == list(range(5, images + 5))
    assert [len(block) for block in group._data.blocks] == sizes
    assert group._data.options.get("compute", 0) == min(count, len(sizes))
