import runpy
import sys

import pytest

transformers = pytest.importorskip("transformers")


def test_makes_a_model_and_replaces_it(repo, tmp_path, monkeypatch):
    tool, folder = str(repo / "tools" / "text" / "tiny_bert.py"), tmp_path / "models" / "bert"
    monkeypatch.setattr(sys, "argv", [tool, "hfl/chinese-bert-wwm", "--local-dir", str(folder)])
    for _ in range(2):
        with pytest.raises(SystemExit) as done:
            runpy.run_path(tool, run_name="__main__")
        assert not done.value.code
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["bert"]
    config = transformers.AutoConfig.from_pretrained(folder)
    assert (config.model_type, config.hidden_size, config.num_hidden_layers) == ("bert", 768, 1)
    tokens = transformers.AutoTokenizer.from_pretrained(folder)("牛奶")["input_ids"]
    assert len(tokens) == 4  # [CLS] 牛 奶 [SEP]
