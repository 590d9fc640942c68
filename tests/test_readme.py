"""The worked example of a component from outside the package, in docs/own-data.md."""

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
