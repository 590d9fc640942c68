"""The built package: what it carries besides Python modules."""

import subprocess
import sys


def test_a_built_package_has_tools_and_configs(repo, tmp_path):
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(tmp_path)]
    subprocess.run(command, cwd=repo, check=True, capture_output=True)
    shipped = tmp_path / "kdxf" / ".mim"
    for name in ("tools/train.py", "tools/data/split.py", "configs/_base_/lite_tfidf.py", "configs/demo/moe_r18.py"):
        assert (shipped / name).read_bytes() == (repo / name).read_bytes()
    assert not (shipped / "tools" / "demo.py").exists()
    code = "from kdxf.cli.main import main; main(['data', 'split', '--help'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("usage: kdxf data split ")
