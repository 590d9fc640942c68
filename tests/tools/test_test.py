from kdxf.io.predictions import read_predictions


def test_tests(run_tool, tiny_config, tiny_trained, tmp_path):
    options = ["--out", tmp_path / "p.csv", "--work-dir", tmp_path / "out", "--amp"]
    done = run_tool("tools/test.py", tiny_config, tiny_trained.checkpoint, *options)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 13
    assert (tmp_path / "out" / "tiny.py").is_file()


def test_texts_are_shuffled(run_tool, lab, tmp_path):
    options = ["--shuffle", "text", "--out", tmp_path / "p.parquet", "--work-dir", tmp_path / "out"]
    done = run_tool("tools/test.py", lab.moe, lab.moe_checkpoint, *options)
    assert done.returncode == 0, done.stderr
    assert read_predictions(tmp_path / "p.parquet").source.details["shuffle"] == "text"


def test_a_modality_that_is_not_there(run_tool, tiny_config, tiny_trained):
    done = run_tool("tools/test.py", tiny_config, tiny_trained.checkpoint, "--without", "text")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: --without text: the model of")
