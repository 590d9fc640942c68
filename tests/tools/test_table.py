import json

CSV = "image,label,price,shelf\n" + "".join(f"{n}.jpg,{'xy'[n % 2]},{n / 10},s{n % 2}\n" for n in range(40))


def test_it_writes_and_warns(run_tool, tmp_path):
    (tmp_path / "t.csv").write_text(CSV)
    arguments = tmp_path / "t.csv", "--columns", "price", "shelf", "--out", tmp_path / "t.json"
    done = run_tool("tools/table.py", *arguments, "--bins", 4, "--kind", "price=number")
    assert done.returncode == 0, done.stderr
    warning, line = done.stdout.splitlines()
    assert warning.startswith("warning: the column 'shelf' alone names the class of 100% of the images (chance ")
    assert line.endswith("t.json: 40 rows, price (number: 5), shelf (category: 3); in_channels=8")
    assert len(json.loads((tmp_path / "t.json").read_text())["columns"][0]["edges"]) == 5
    again = run_tool("tools/table.py", *arguments)
    assert again.returncode == 2 and "exists; choose another name, or add --overwrite" in again.stderr
    assert run_tool("tools/table.py", *arguments, "--overwrite").returncode == 0


def test_a_kind_without_a_name(run_tool, tmp_path):
    (tmp_path / "t.csv").write_text(CSV)
    done = run_tool(
        "tools/table.py", tmp_path / "t.csv", "--columns", "price", "--out", tmp_path / "t", "--kind", "number"
    )
    assert done.returncode == 2 and "--kind number: give the name of a column and its kind" in done.stderr
