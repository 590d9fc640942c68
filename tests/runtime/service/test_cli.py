import subprocess
import sys

import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.service import cli
from kdxf_runtime.service.cli import main, parse_args, read_token, serve


def test_the_usual_options():
    args = parse_args(["bundle"])
    assert (args.host, args.port, args.read_text, args.token, args.tta) == ("127.0.0.1", 8000, "always", None, False)
    assert (args.queue, args.pictures, args.megabytes) == (64, 32, 32)


def test_the_token_comes_from_the_environment_or_a_file(monkeypatch, tmp_path):
    assert read_token(None) is None
    monkeypatch.setenv("SERVICE_TOKEN", "from the environment")
    assert read_token("SERVICE_TOKEN") == "from the environment"
    (tmp_path / "token").write_text(" from a file\n", encoding="utf-8")
    assert read_token(str(tmp_path / "token")) == "from a file"


def test_a_token_that_is_not_there(monkeypatch, tmp_path):
    with pytest.raises(UserError, match=r"^--token NONE: no such variable, and no such file that can be read; write"):
        read_token("NONE")
    monkeypatch.setenv("SERVICE_TOKEN", " ")
    with pytest.raises(UserError, match=r"^--token SERVICE_TOKEN: is empty; put a long random word there$"):
        read_token("SERVICE_TOKEN")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workers", "0"], "--workers 0: give at least 1"),
        (["--precision", "2"], "--precision 2: give a share from 0 to 1"),
        (["--queue", "0"], "--queue 0: give a number above 0"),
        (["--token", "NONE"], "--token NONE: no such variable"),
        (["--tta"], "--tta: "),
        (["--precision", "0.9"], "--precision: "),
        (["--host", "192.0.2.1"], "--host 192.0.2.1 --port 0: Cannot assign requested address"),
    ],
)
def test_what_the_user_can_fix(colour_bundle, capsys, words, message):
    assert main([str(colour_bundle.folder), "--workers", "1", "--port", "0", *words]) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")


def test_no_bundle(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}: is no bundle")


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(UserError, match=r"^the service needs the package uvicorn: pip install 'kdxf\[serve\]'"):
        serve(parse_args([str(tmp_path)]))


def test_the_service_needs_no_kdxf(repo):
    code = (
        "import sys\nimport kdxf_runtime.service.cli, kdxf_runtime.service.server, kdxf_runtime.service.app\n"
        "print({name.partition('.')[0] for name in sys.modules} & {'kdxf', 'torch', 'mmengine', 'pandas'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=repo)
    assert done.stdout == "set()\n"


def test_help_names_the_command(capsys):
    with pytest.raises(SystemExit):
        cli.parse_args(["--help"], "kdxf serve")
    assert capsys.readouterr().out.startswith("usage: kdxf serve [-h]")
