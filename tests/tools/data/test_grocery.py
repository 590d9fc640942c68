def test_it_lays_the_photographs_out(run_tool, shared, tmp_path):
    done = run_tool("tools/data/grocery.py", shared / "grocery", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path}/train.csv: 2640 rows" in done.stdout
    assert (tmp_path / "images/train.txt").is_file()


def test_a_wrong_folder_ends_in_one_line(run_tool, tmp_path):
    done = run_tool("tools/data/grocery.py", tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "classes.csv: no such file" in done.stderr
