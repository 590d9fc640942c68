import pytest

from kdxf.cli.main import main


def test_the_command_is_found(capsys):
    with pytest.raises(SystemExit) as end:
        main(["serve", "--help"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("usage: kdxf serve [-h]")


def test_what_the_user_can_fix_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["serve", str(tmp_path)])
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}: is no bundle")
