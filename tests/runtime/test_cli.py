"""The command ``kdxf-run``."""

import subprocess
import sys

import pytest

from kdxf_runtime.cli import main, parse_args
from kdxf_runtime.io.machine import available_cores


def test_options():
    args = parse_args(["milk.kdxf", "a.jpg", "folder", "--save_csv", "out.csv", "--tta", "--read-text", "auto"])
    assert (args.bundle, args.inputs, args.save_csv) == ("milk.kdxf", ["a.jpg", "folder"], "out.csv")
    assert args.tta and args.read_text == "auto" and args.workers == available_cores()
    assert parse_args(["b", "a.jpg", "--save-csv", "x.csv", "--workers", "3"]).workers == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bundle", "--save_csv", "x.csv"], "the following arguments are required: PICTURES"),
        (["bundle", "a.jpg"], "the following arguments are required: --save_csv, --parts, or both"),
        (["bundle", "a.jpg", "--parts", "p", "--nearest", "g"], "--nearest: its answers do not go into --parts"),
    ],
)
def test_what_is_missing(arguments, said, capsys):
    with pytest.raises(SystemExit) as end:
        parse_args(arguments)
    assert end.value.code == 2 and said in capsys.readouterr().err


def test_a_table_and_a_report(bundled, shop, tmp_path, capsys):
    out = tmp_path / "out.csv"
    options = ["--workers", "1", "--with-name", "--with-set", "--review", "0.2"]
    assert main([str(bundled.path), str(shop.pictures / "milk.png"), "--save_csv", str(out), *options]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{out}: 1 images, 0 with an error\n") and printed.err == ""
    header, row = out.read_text(encoding="utf-8").splitlines()
    assert header == "image_id,category_id,category_name,set,set_names,decision,reason,error"
    assert row.startswith(f"{shop.pictures}/milk.png,")


def test_errors_in_one_line(tmp_path, capsys, monkeypatch):
    arguments = [str(tmp_path / "gone"), "a.jpg", "--save_csv", "out.csv"]
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"error: {tmp_path}/gone: is no bundle (it has no bundle.json); make one with kdxf export\n"

    def failing(error):
        def predict_csv(*_, **__):
            raise error

        monkeypatch.setattr("kdxf_runtime.predict.predict_csv", predict_csv)

    failing(OSError(28, "No space left on device"))
    assert main(arguments) == 2
    assert capsys.readouterr().err == "error: out.csv: No space left on device\n"
    failing(PermissionError(13, "Permission denied", "/x/out.csv"))
    assert main(arguments) == 2
    assert capsys.readouterr().err == "error: /x/out.csv: Permission denied\n"
    failing(KeyboardInterrupt())
    assert main(arguments) == 130


def test_neither_torch_nor_kdxf_is_loaded(bundled, shop, tmp_path):
    """Of a whole run, with OCR."""
    code = (
        "import sys; from kdxf_runtime.cli import main; status = main(sys.argv[1:]); "
        "print(status, sorted({'torch', 'mmengine', 'mmcv', 'mmpretrain', 'pandas', 'scipy', 'kdxf'} & "
        "sys.modules.keys()))"
    )
    arguments = [bundled.path, shop.pictures / "milk.png", "--save_csv", tmp_path / "out.csv", "--workers", "1"]
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "0 []" and done.stderr == ""
