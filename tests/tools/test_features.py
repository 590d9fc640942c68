def test_computes_and_says_how_many(run_tool, frozen_lab, tiny_config):
    done = run_tool("tools/features.py", frozen_lab.config, "--threads", 1)
    assert not done.returncode and "24 of 24 images" in done.stderr
    again = run_tool("tools/features.py", frozen_lab.config, "--threads", 1)
    assert ": 0 computed" in again.stdout
    wrong = run_tool("tools/features.py", tiny_config)
    assert wrong.returncode == 2 and "has no LoadFeature or LoadTextFeature in its pipelines" in wrong.stderr
