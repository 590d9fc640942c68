import pytest


@pytest.mark.parametrize("options", [[], ["--part", "head"]])
def test_publishes(run_tool, tiny_trained, tmp_path, options):
    done = run_tool("tools/publish.py", tiny_trained.checkpoint, tmp_path / "tiny.pth", *options)
    assert done.returncode == 0, done.stderr
    (written,) = tmp_path.iterdir()
    assert done.stdout.strip() == str(written)
    assert written.stat().st_size < tiny_trained.checkpoint.stat().st_size
