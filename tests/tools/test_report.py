"""The tool that makes a report."""


def test_from_predictions(run_tool, lab, tmp_path):
    tool = "tools/report.py"
    done = run_tool(
        tool, lab.image, lab.image_checkpoint, "--quick", "--out", tmp_path / "page.html", "--device", "cpu"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(f"written to {tmp_path / 'page.html'}")
    done = run_tool(tool, lab.image, "--predictions", f"all={tmp_path}/page.parquet", "--out", tmp_path / "t.csv")
    assert done.returncode == 0 and (tmp_path / "t.csv").is_file()
    done = run_tool(tool, lab.image, "--out", tmp_path / "page.txt")
    assert done.returncode == 2 and "page.txt: the name must end with .html or .csv" in done.stderr
