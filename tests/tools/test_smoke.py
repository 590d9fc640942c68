from concurrent.futures import Executor, Future

import kdxf.smoke.run


class InThisProcess(Executor):
    """In place of a pool of processes, of which each imports the host for seconds."""

    def __init__(self, *_, **__):
        pass

    def submit(self, function, /, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future


def test_faults_are_listed_together(run_tool, tmp_path, monkeypatch):
    monkeypatch.setattr(kdxf.smoke.run, "ProcessPoolExecutor", InThisProcess)
    (tmp_path / "a.py").write_text("model = nothing")
    (tmp_path / "b.py").write_text("model = dict(head=dict(type='LinearClsHead'))")
    found = run_tool("tools/smoke.py", tmp_path)
    lines = found.stdout.splitlines()
    assert found.returncode == 1 and [line.split()[0] for line in lines[:2]] == ["fails", "fails"]
    assert any("a.py: UserError: config" in line and "nothing" in line for line in lines[2:])
    assert any("its head does not say num_classes" in line for line in lines[2:])
