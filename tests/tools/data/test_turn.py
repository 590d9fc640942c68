from PIL import Image


def test_it_writes_copies_list_and_classes(run_tool, tmp_path):
    Image.new("RGB", (6, 4)).save(tmp_path / "a.png")
    (tmp_path / "broken.png").write_bytes(b"")
    (tmp_path / "t.csv").write_text("image,label\na.png,x\nbroken.png,y\n")
    arguments = tmp_path / "t.csv", "--out", tmp_path / "out", "--out-list", tmp_path / "out" / "t.csv", "--workers", 1
    done = run_tool("tools/data/turn.py", *arguments, "--dry-run")
    assert done.stdout == "8 copies\ndry run: nothing was written\n" and not (tmp_path / "out").exists()
    done = run_tool("tools/data/turn.py", *arguments)
    assert done.returncode == 0 and "t.csv: 4 copies of 1 pictures" in done.stdout, done.stderr
    assert "not copied: 4 (first: broken.png: the file is empty); tools/data/verify.py finds" in done.stdout
    assert (tmp_path / "out" / "classes.txt").read_text() == "0\n90\n180\n270\n"
    assert (tmp_path / "out" / "t.csv").read_text().splitlines()[2] == "a.turn90.png,270,a.png,x"
    with Image.open(tmp_path / "out" / "a.turn90.png") as copy:
        assert copy.size == (4, 6)
    done = run_tool("tools/data/turn.py", *arguments)
    assert done.returncode == 2 and "t.csv: is there already; choose another name" in done.stderr
    done = run_tool("tools/data/turn.py", *arguments, "--seed", 0, "--dry-run", "--overwrite")
    assert done.stdout.startswith("2 copies\n")
