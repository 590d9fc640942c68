def test_what_is_no_bundle_is_said(run_tool, tmp_path):
    done = run_tool("tools/index.py", tmp_path / "none", tmp_path, "--out", tmp_path / "g")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {tmp_path / 'none'}: is no bundle (it has no bundle.json)")
    assert not (tmp_path / "g").exists()
