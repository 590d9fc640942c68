"""The command line; what it writes is tested in tests/apis/test_soup.py."""


def test_writes_the_soup_and_prints_every_score(run_tool, tiny_config, tiny_trained, tmp_path):
    out = tmp_path / "soup.pth"
    files = [tiny_trained.checkpoint] * 2
    done = run_tool(
        "tools/soup.py", tiny_config, *files, "--out", out, "--greedy", "--cfg-options", f"work_dir={tmp_path / 'w'}"
    )
    assert done.returncode == 0 and out.is_file()
    lines = done.stdout.splitlines()[-3:]
    assert [line.split()[0] for line in lines] == ["accuracy/top1"] * 3
    assert len({line.split()[1] for line in lines}) == 1
    assert lines[0].endswith(str(files[0])) and lines[2].endswith(f"{out}: the mean of 2")
