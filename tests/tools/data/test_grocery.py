import subprocess
import sys


def test_it_lays_the_photographs_out(repo, shared, tmp_path):
    tool = str(repo / "tools/data/grocery.py")
    done = subprocess.run(
        [sys.executable, tool, str(shared / "grocery"), "--out", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path}/train.csv: 2640 rows" in done.stdout
    assert (tmp_path / "images/train.txt").is_file()


def test_a_wrong_folder_ends_in_one_line(repo, tmp_path):
    tool = str(repo / "tools/data/grocery.py")
    done = subprocess.run([sys.executable, tool, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "classes.csv: no such file" in done.stderr
