def test_faults_are_listed_together(run_tool, tmp_path):
    (tmp_path / "a.py").write_text("model = nothing")
    (tmp_path / "b.py").write_text("model = dict(head=dict(type='LinearClsHead'))")
    found = run_tool("tools/smoke.py", tmp_path)
    lines = found.stdout.splitlines()
    assert found.returncode == 1 and [line.split()[0] for line in lines[:2]] == ["fails", "fails"]
    assert any("a.py: UserError: config" in line and "nothing" in line for line in lines[2:])
    assert any("its head does not say num_classes" in line for line in lines[2:])
