import subprocess
import sys

import numpy as np
import pytest

from kdxf.text.vectors.annoy_file import check_index, digest_file, write_digest
from kdxf.text.vectors.index import build_index

ITEMS, WIDTH = 200, 4
NODE = WIDTH + 3


@pytest.fixture
def index(tmp_path):
    np.save(tmp_path / "vectors.npy", np.random.default_rng(0).standard_normal((ITEMS, WIDTH)).astype(np.float32))
    build_index(tmp_path / "vectors.npy", trees=2)
    return tmp_path / "words.ann"


def change(index, edit, digest=True):
    nodes = np.frombuffer(index.read_bytes(), dtype="<i4").reshape(-1, NODE).copy()
    edit(nodes)
    index.write_bytes(nodes.tobytes())
    if digest:
        write_digest(index)


@pytest.mark.parametrize(("items", "width", "trees"), [(1, 2, 1), (3, 3, 1), (40, 1, 3), (500, 9, 4), (300, 100, 2)])
def test_what_annoy_writes_passes(items, width, trees, tmp_path):
    np.save(tmp_path / "vectors.npy", np.random.default_rng(1).standard_normal((items, width)).astype(np.float32))
    build_index(tmp_path / "vectors.npy", trees)
    check_index(tmp_path / "words.ann", items, width)


def test_nodes_in_parts(index, monkeypatch):
    monkeypatch.setattr("kdxf.text.vectors.annoy_file._WORDS_AT_ONCE", 5 * NODE)
    check_index(index, ITEMS, WIDTH)
    change(index, lambda nodes: nodes[ITEMS].__setitem__(1, ITEMS))
    with pytest.raises(ValueError, match="leads nowhere"):
        check_index(index, ITEMS, WIDTH)


def test_the_digest_is_that_of_sha256sum(index):
    found = subprocess.run(
        ["sha256sum", "--check", digest_file(index)], cwd=index.parent, capture_output=True, text=True
    )
    assert found.stdout == "words.ann: OK\n"


def test_damage(index):
    change(index, lambda nodes: nodes[7].__setitem__(3, 1), digest=False)
    with pytest.raises(
        ValueError, match=r"^words\.ann is not as it was built: its SHA-256 differs from words\.ann\.sha"
    ):
        check_index(index, ITEMS, WIDTH)
    digest_file(index).write_bytes(b"")
    with pytest.raises(ValueError, match="SHA-256 differs"):
        check_index(index, ITEMS, WIDTH)
    digest_file(index).unlink()
    with pytest.raises(OSError, match=r"words\.ann\.sha256"):
        check_index(index, ITEMS, WIDTH)


@pytest.mark.parametrize("size", [0, 1, NODE * 4 * ITEMS, NODE * 4 * ITEMS + 1])
def test_sizes(index, size):
    index.write_bytes(index.read_bytes()[:size])
    write_digest(index)
    with pytest.raises(
        ValueError, match=rf"^words\.ann has {size} bytes, which are no index of 200 vectors of 4 numbe"
    ):
        check_index(index, ITEMS, WIDTH)


def first_split(nodes):
    return ITEMS + int(np.flatnonzero(nodes[ITEMS:, 0] > WIDTH + 2)[0])


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda nodes: nodes[-1].__setitem__(0, ITEMS + 1), "holds 201 words, the store 200"),
        (lambda nodes: nodes[5].__setitem__(0, 2), "leads nowhere"),  # an item that has items
        (lambda nodes: nodes[ITEMS].__setitem__(0, 0), "leads nowhere"),  # a list of nothing
        (lambda nodes: nodes[ITEMS].__setitem__(0, -1), "leads nowhere"),
        (lambda nodes: nodes[ITEMS].__setitem__(1, -1), "leads nowhere"),
        (lambda nodes: nodes[ITEMS].__setitem__(1, ITEMS), "leads nowhere"),  # a node in the place of an item
        (lambda nodes: nodes[first_split(nodes)].__setitem__(1, -1), "leads nowhere"),
        (lambda nodes: nodes[first_split(nodes)].__setitem__(2, first_split(nodes)), "leads nowhere"),  # a circle
        (lambda nodes: nodes[first_split(nodes)].__setitem__(1, len(nodes)), "leads nowhere"),
    ],
)
def test_nodes_that_lead_nowhere(index, edit, message):
    change(index, edit)
    with pytest.raises(ValueError, match=f"^words.ann .*{message}"):
        check_index(index, ITEMS, WIDTH)


TRY = """
import sys
from pathlib import Path
import numpy as np
from kdxf.text.vectors.annoy_file import write_digest
from kdxf.text.vectors.index import VectorIndex

folder = Path(sys.argv[1])
vectors, whole = np.load(folder / "vectors.npy"), (folder / "words.ann").read_bytes()
random, refused = np.random.default_rng(3), 0
for trial in range(200):
    mutated = np.frombuffer(whole, dtype=np.uint8).copy()
    if trial % 4 == 3:
        mutated = mutated[: random.integers(len(mutated))]
    else:
        start = 0 if trial % 2 else 200 * 28  # anywhere, or behind the items
        mutated[random.integers(start, len(mutated), 2)] = random.integers(256, size=2)
    (folder / "words.ann").write_bytes(mutated.tobytes())
    write_digest(folder / "words.ann")  # as a stranger would
    try:
        VectorIndex(folder, vectors).nearest(vectors[trial], 5)
    except ValueError:
        refused += 1
print(refused)
"""


def test_mutated_files_do_not_end_the_process(index, repo):
    """Of 200 with right digests, those that annoy would trip over are refused; the others give some answer."""
    command = [sys.executable, "-c", TRY, index.parent]
    found = subprocess.run(command, env={"PYTHONPATH": str(repo)}, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert 50 < int(found.stdout) < 200
