import pytest

from kdxf.cli.main import main


def test_a_folder_without_a_model(capsys, tmp_path):
    with pytest.raises(SystemExit) as end:
        main(["predict", str(tmp_path), "a.jpg", "--save_csv", str(tmp_path / "out.csv")])
    assert end.value.code == 2
    assert f"error: {tmp_path}: has no config.py and no model.pth; give the --out" in capsys.readouterr().err


def test_a_result_must_be_named(capsys):
    with pytest.raises(SystemExit) as end:
        main(["predict", "model", "a.jpg"])
    assert end.value.code == 2
    assert "--save_csv" in capsys.readouterr().err
