"""A recipe of three stages whose tool joins files, and says how often it ran."""

import pytest

TOOL = """
import sys
from pathlib import Path

out, *inputs = map(Path, sys.argv[1:])
Path("runs.txt").open("a").write(f"{out.name}\\n")
if any("bad" in path.read_text() for path in inputs):
    print("reads")
    print("error: bad input", file=sys.stderr)
    print("tidies up")
    sys.exit(2)
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text("".join(path.read_text() for path in inputs))
"""
RECIPE = """
data = "data"
work = "work"
stages = [
    dict(name="one", run="join.py {work}/1.txt {data}/a.txt", inputs="{data}/a.txt", outputs="{work}/1.txt"),
    dict(name="two", run="join.py {work}/2.txt {data}/b.txt", inputs=["{data}/b.txt"], outputs=["{work}/2.txt"]),
    dict(
        name="both",
        run=["join.py {work}/tmp/3.txt {work}/[12].txt*", "join.py {work}/3.txt {work}/tmp/3.txt"],
        inputs=["{work}/1.txt", "{work}/2.txt"],
        outputs=["{work}/3.txt", "{work}/tmp"],
    ),
]
smoke = dict(work="work/small")
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current folder, with the tool, its inputs and ``recipe.py``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("a")
    (tmp_path / "data" / "b.txt").write_text("b")
    (tmp_path / "join.py").write_text(TOOL)
    (tmp_path / "recipe.py").write_text(RECIPE)
    return tmp_path
