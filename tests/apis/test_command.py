import pytest

from kdxf.apis.command import run
from kdxf.errors import UserError


def status_of(main):
    with pytest.raises(SystemExit) as end:
        run(main)
    return end.value.code


def failing(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (3, 3)])
def test_status_is_what_main_returns(returned, status):
    assert status_of(lambda: returned) == status


def test_user_error_is_one_line(capsys):
    assert status_of(failing(UserError("a.csv: bad row\n  in line 3"))) == 2
    assert capsys.readouterr().err == "error: a.csv: bad row in line 3\n"


def test_missing_file_names_the_file(capsys, tmp_path):
    assert status_of(lambda: open(tmp_path / "none.txt").close()) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}/none.txt: No such file or directory\n"


def test_file_error_without_a_name(capsys):
    assert status_of(failing(FileNotFoundError("no fonts here"))) == 2
    assert capsys.readouterr().err == "error: no fonts here\n"


def test_interrupt():
    assert status_of(failing(KeyboardInterrupt())) == 130


def test_faults_of_the_library_keep_their_traceback():
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 // 0)
