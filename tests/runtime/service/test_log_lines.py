import io
import os
import sys

from kdxf_runtime.service.log_lines import write_line


def test_lines_for_programs_and_for_people(capsys):
    write_line('{"status": 200}')
    write_line("ending", for_people=True)
    assert capsys.readouterr() == ('{"status": 200}\n', "ending\n")


def test_a_line_that_nobody_reads_is_lost(monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with io.TextIOWrapper(io.FileIO(writer, "w"), write_through=True) as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        write_line("{}")  # the system answers EPIPE
        monkeypatch.undo()
