import pytest

from kdxf.cli.main import main


def error_of(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main(["fit", *map(str, words)])
    assert end.value.code == 2
    return capsys.readouterr().err


def test_numbers_are_checked(capsys):
    assert "--out" in error_of(capsys, "pics")
    assert "must lie between 0 and 1, not '1.5'" in error_of(capsys, "pics", "--out", "a", "--test-fraction", "1.5")
    assert "must be a number of minutes from 0, not 'x'" in error_of(capsys, "pics", "--out", "a", "--minutes", "x")


def test_what_the_user_can_put_right_is_one_line(capsys, tmp_path):
    (tmp_path / "pics").mkdir()
    out = tmp_path / "out"
    assert error_of(capsys, tmp_path / "none", "--out", out) == (
        f"error: {tmp_path}/none: no such folder or list; give a folder with one folder of pictures per class\n"
    )
    message = error_of(capsys, tmp_path / "pics", "--out", out)
    assert message == f"error: {tmp_path}/pics: no class folders in it; expected one folder of images per class\n"
    assert not out.exists()
