"""The host packages start without noise, and without what takes long."""

import ast
import re
import subprocess
import sys

# MMPretrain, and the parts of mmengine that import its optimizers.
HOST = re.compile(r"\bmmpretrain\b|\bmmengine\.(hooks|infer|model|optim|runner|testing|visualization)\b")


def run(code, *options):
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_importing_kdxf_prints_nothing():
    assert run("import kdxf.registry, kdxf.datasets", "-W", "default") == (0, "", "")


def test_what_only_some_components_need_is_imported_where_it_is_used():
    """A training imports all of kdxf's and MMPretrain's components; transformers are hidden from mmengine meanwhile."""
    late = {"transformers", "albumentations", "timm", "sklearn", "scipy", "gensim", "jieba", "onnxruntime", "ray"}
    code = f"""if True:
        import importlib.util, sys
        before = list(sys.meta_path)
        import kdxf.registry
        print(sys.meta_path == before, importlib.util.find_spec("transformers").name)
        import kdxf.apis.train, kdxf.datasets, kdxf.models, kdxf.evaluation, kdxf.visualization, kdxf.inference
        print(sorted({late} & sys.modules.keys()))
        import torch
        from mmengine.registry import OPTIMIZERS
        optimizer = OPTIMIZERS.build(dict(type="Adafactor", params=[torch.nn.Parameter(torch.ones(2))]))
        print(type(optimizer).__module__)
    """
    status, printed, errors = run(code)
    first, second, *_, last = printed.splitlines()
    assert (status, first, second, errors) == (0, "True transformers", "[]", "")
    assert last == "transformers.optimization"


def test_mmpretrains_own_transforms_still_find_albumentations():
    code = (
        "import sys, kdxf.registry; from mmpretrain.registry import TRANSFORMS; "
        "before = 'albumentations' in sys.modules; "
        "flip = TRANSFORMS.build(dict(type='Albumentations', transforms=[dict(type='HorizontalFlip', p=1.0)])); "
        "import numpy as np; image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3); "
        "print(before, (flip(dict(img=image.copy()))['img'] == image[:, ::-1]).all())"
    )
    status, printed, _ = run(code)
    assert (status, printed.splitlines()[-1]) == (0, "False True")


def test_what_was_imported_before_stays_as_it_is():
    code = (
        "import mmengine.optim, transformers; from mmengine.registry import OPTIMIZERS; "
        "before = OPTIMIZERS.get('Adafactor'); import kdxf.registry; "
        "print(before is OPTIMIZERS.get('Adafactor') is transformers.Adafactor)"
    )
    status, printed, _ = run(code)
    assert (status, printed.splitlines()[-1]) == (0, "True")


def imports_of(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]


def test_every_module_that_needs_the_host_comes_after_its_quietening(repo):
    """Python runs a package's ``__init__`` before its modules, whichever of them is imported first."""
    faults = []
    for path in sorted((repo / "kdxf").glob("*/**/*.py")):
        package = repo / "kdxf" / path.relative_to(repo / "kdxf").parts[0] / "__init__.py"
        firsts = {*imports_of(path)[:1], *imports_of(package)[:1]}
        if HOST.search(" ".join(imports_of(path))) and "import kdxf.registry" not in firsts:
            faults.append(str(path.relative_to(repo)))
    assert faults == []


def test_anything_else_that_the_host_prints_is_heard(tmp_path):
    package = tmp_path / "mmpretrain"
    package.mkdir()
    (package / "__init__.py").write_text("print('Could not import OneDL')\nprint('something new')\n")
    for name in ("datasets", "engine", "evaluation", "models", "visualization"):
        (package / f"{name}.py").touch()
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import kdxf.host"
    assert run(code) == (0, "something new\n", "")
