"""What a process costs that only reads text: no torch, no host."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["kdxf", "kdxf.text.ocr", "kdxf.text.tokenizers", "kdxf_runtime.runner"])
def test_the_text_side_leaves_torch_alone(module):
    code = f"import sys, {module}; print(sorted({{'torch', 'mmpretrain', 'mmcv'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_help_needs_no_heavy_package(repo):
    """A line of the output names the command, and which import led to which."""
    tools = sorted(map(str, (repo / "tools").rglob("*.py")))
    command = [sys.executable, "-W", "default", str(repo / "tests/fixtures/parse_help.py"), *tools]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=repo)
    assert len(tools) > 40 and (done.returncode, done.stdout, done.stderr) == (0, "", "")


RARE = ("matplotlib", "transformers", "albumentations", "sklearn", "scipy", "timm", "gensim", "jieba", "onnx", "optuna")
WATCH = f"""
import sys, traceback
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in {RARE!r}:
            chains.setdefault(name, [f.filename for f in traceback.extract_stack() if "/kdxf" in f.filename])
chains = {{}}
sys.meta_path.insert(0, Watch())
import kdxf.apis.train, kdxf.apis.test, kdxf.inference.run
print({{name: chain for name, chain in chains.items() if name in sys.modules}})
"""


def test_training_and_prediction_import_what_all_of_them_need():
    """The output names the package, and which file of kdxf imported which, up to it."""
    command = [sys.executable, "-W", "default", "-c", WATCH]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "{}\n"), done.stderr


PARTS = {"part_files", "parts_job", "prediction_parts", "ray_group", "ray_predict"}  # of --parts, which need pyarrow


def test_the_runtime_needs_little(repo):
    """All of its modules together load none of the packages that it is to do without."""
    modules = sorted(
        ".".join(path.relative_to(repo).with_suffix("").parts)
        for path in (repo / "kdxf_runtime").rglob("*.py")
        if path.name != "__init__.py" and path.stem not in PARTS
    )
    heavy = {"torch", "mmengine", "mmcv", "mmpretrain", "pandas", "scipy", "sklearn", "pyarrow", "transformers", "kdxf"}
    code = f"import sys, {', '.join(modules)}; print(sorted({heavy!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, check=False)
    assert len(modules) > 40 and (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_functions_of_the_package_are_imported_on_first_use():
    import kdxf
    from kdxf.apis.fit import fit
    from kdxf.inference.fitted import load

    assert (kdxf.fit, kdxf.load) == (fit, load)
    with pytest.raises(AttributeError, match="module 'kdxf' has no attribute 'nothing'"):
        kdxf.nothing  # noqa: B018


def test_the_runtime_imports_nothing_of_kdxf(repo):
    modules = sorted((repo / "kdxf_runtime").rglob("*.py"))
    found = {
        path.relative_to(repo).as_posix(): line
        for path in modules
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith(("from kdxf.", "import kdxf.", "from kdxf import", "import kdxf "))
    }
    assert len(modules) > 40 and found == {}
