"""What docs/own-data.md leads through: the lists of a copied config, and a component from outside the package."""

import re
import sys

import torch
from mmengine.config import Config

from kdxf.engine.config import load_config
from kdxf.registry import MODELS


def test_the_component_from_outside_the_package_builds_and_runs(repo, tmp_path, monkeypatch):
    text = (repo / "docs/own-data.md").read_text(encoding="utf-8").split("## Your own components")[1]
    module, config = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[:2]
    (tmp_path / "my_fusion.py").write_text(module, encoding="utf-8")
    config = config.replace('"configs/', f'"{repo.as_posix()}/configs/')
    (tmp_path / "my_config.py").write_text(config, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    cfg: Config = load_config(tmp_path / "my_config.py")
    model = MODELS.build({**cfg.model, "_scope_": "kdxf"}).eval()

    fusion = sys.modules["my_fusion"].MaxFusion
    assert isinstance(model.fusion, fusion)
    image, words = torch.randn(2, 3, 32, 32), torch.randn(2, 5, cfg.model.text_encoder.in_channels)
    logits = model({"img": image, "text": words, "text_weight": torch.ones(2, 5)}, mode="tensor")
    assert logits.shape == (2, cfg.num_classes)
    image_feature, text_feature = torch.tensor([[1.0, -1.0]]), torch.zeros(1, 3)
    block = fusion(2, 3)
    torch.nn.init.zeros_(block.project.bias)
    assert block(image_feature, text_feature).tolist() == [[1.0, 0.0]]


def test_the_lists_of_the_walk_through_are_trained_on_chosen_by_and_tested(repo, tmp_path):
    """Step 4 of docs/own-data.md: copies of the demo's config and dataset file, with ``test_list`` changed."""
    for file in (repo / "configs").glob("_base_/*/*.py"):
        target = tmp_path / file.relative_to(repo / "configs")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "_base_" / "default_runtime.py").write_bytes((repo / "configs/_base_/default_runtime.py").read_bytes())
    dataset = tmp_path / "_base_" / "datasets" / "demo.py"
    text = dataset.read_text(encoding="utf-8")
    assert text.count('test_list = "val.csv"') == 1
    dataset.write_text(text.replace('test_list = "val.csv"', 'test_list = "test.csv"'), encoding="utf-8")
    (tmp_path / "demo").mkdir()
    for name in ("moe_r18", "image_r18", "text_word2vec"):
        (tmp_path / "demo" / f"{name}.py").write_bytes((repo / "configs" / "demo" / f"{name}.py").read_bytes())
    for name in ("moe_r18", "image_r18", "text_word2vec"):
        cfg = load_config(tmp_path / "demo" / f"{name}.py")
        loaders = (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)
        assert [loader.dataset.ann_file for loader in loaders] == ["train.csv", "val.csv", "test.csv"]
        assert cfg.test_dataloader.dataset.pipeline == cfg.val_dataloader.dataset.pipeline
    assert load_config(repo / "configs/demo/moe_r18.py").test_dataloader.dataset.ann_file == "val.csv"
