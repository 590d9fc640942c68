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


def test_formats(run_tool, lab, tmp_path):
    tool, folder = "tools/report.py", tmp_path / "dataset"
    options = (lab.image, lab.image_checkpoint, "--device", "cpu", "--format")
    done = run_tool(tool, *options, "fiftyone", "--out", folder)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["metadata.json", "samples.json"]
    assert (tmp_path / "dataset.parquet").is_file()
    done = run_tool(tool, *options, "csv", "--out", tmp_path / "page.html")
    assert done.returncode == 2 and "page.html: the name must end with .csv" in done.stderr
    done = run_tool(tool, *options, "fiftyone", "--out", tmp_path / "page.html")
    assert done.returncode == 2 and "page.html: the name must be that of a folder, without an ending" in done.stderr
