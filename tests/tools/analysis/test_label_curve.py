def test_writes_the_curve(run_tool, frozen_lab, tmp_path):
    arguments = ("--work-dir", tmp_path / "curve", "--counts", 1, "--seeds", 3)
    done = run_tool("tools/analysis/label_curve.py", frozen_lab.config, *arguments)
    assert done.returncode == 0, done.stderr
    assert "| labels per class | 1 |" in done.stdout
    assert {"curve.csv", "curve.md", "curve.html"} <= {file.name for file in (tmp_path / "curve").iterdir()}
    done = run_tool("tools/analysis/label_curve.py", frozen_lab.config, "--work-dir", tmp_path, "--counts", 0)
    assert done.returncode == 2 and "must be a whole number from 1, not '0'" in done.stderr
