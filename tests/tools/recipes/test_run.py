import subprocess
import sys


def tool(repo, folder, *words):
    command = [sys.executable, str(repo / "tools" / "recipes" / "run.py"), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_list_run_and_errors(repo, tmp_path):
    (tmp_path / "make.py").write_text("import sys; open(sys.argv[1], 'w').write('x')")
    (tmp_path / "r.py").write_text(
        "work = 'w'\nname = 'x'\nstages = [dict(name='a', run='make.py {work}/{name}', outputs='{work}/{name}')]\n"
        "smoke = dict(name='s')\n"
    )
    assert tool(repo, tmp_path, "r.py", "--list").stdout == "a  to do\n" and not (tmp_path / "w").exists()
    assert tool(repo, tmp_path, "r.py", "--smoke").stdout.splitlines()[:2] == [
        "a: runs, log in w/.stages/a.log",
        "a: done in 0.0 min",
    ]
    assert (tmp_path / "w" / "s").read_text() == "x"
    found = tool(repo, tmp_path, "r.py", "--set", "work=v", "--set", "name=y", "--stage", "a")
    assert "a  done" in found.stdout and (tmp_path / "v" / "y").exists()
    wrong = tool(repo, tmp_path, "r.py", "--set", "work")
    assert wrong.returncode == 2 and wrong.stderr == "error: --set work: give NAME=VALUE\n"


def test_a_failure_comes_after_the_table(repo, tmp_path):
    (tmp_path / "make.py").write_text("import sys; open(sys.argv[1], 'w').write('x')")
    (tmp_path / "fail.py").write_text("import sys; sys.exit('no luck')")
    (tmp_path / "r.py").write_text(
        "work = 'w'\nstages = [dict(name='a', run='make.py w/x', outputs='w/x'),\n"
        "dict(name='b', run='fail.py', inputs='w/x', outputs='w/y'),\n"
        "dict(name='c', run='make.py w/z', inputs='w/y', outputs='w/z')]"
    )
    command = [sys.executable, str(repo / "tools" / "recipes" / "run.py"), "r.py"]
    found = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = found.stdout.splitlines()
    assert found.returncode == 2 and [line.split()[:2] for line in lines[-4:-1]] == [
        ["a", "done"],
        ["b", "stopped"],
        ["c", "waits"],
    ]
    assert lines[-1].startswith("error: the stage b failed with status 1: no luck; the whole output is in w/.stages")
