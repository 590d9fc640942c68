"""Every config in the repository runs on made-up data.

The first configs that have a component go the whole way: they are trained, resumed, tested and predicted with. The
others, which combine the same components in other ways, are built and trained for one step. ``tools/smoke.py`` takes
any config the whole way. Image models have fewer blocks than their configs say.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kdxf.apis.stages import plan_stages
from kdxf.engine.config import load_config
from kdxf.smoke import find_configs, smoke

REPO = Path(__file__).parents[1]
CONFIGS = [
    str(path.relative_to(REPO))
    for path in sorted((REPO / "configs").rglob("*.py"))
    if "_base_" not in path.parts and path.name != "pipeline.py"
]
FRONT_PAGE = ("Data ", "Train ", "Result ")


def types(node: Any) -> Iterator[str]:
    """Name every component in a part of a config."""
    if isinstance(node, Mapping):
        if isinstance(node.get("type"), str):
            yield node["type"]
        node = list(node.values())
    if isinstance(node, list | tuple):
        for item in node:
            yield from types(item)


def components(config: str) -> set[str]:
    """Name the components of a config, in all its stages: models, losses, hooks, datasets, transforms, optimizers."""
    cfg = load_config(REPO / config)
    if not cfg.get("stages"):
        return set(types(cfg.to_dict()))
    return {"stages", *(name for stage in plan_stages(cfg) for name in types(stage.cfg.to_dict()))}


@cache
def whole() -> set[str]:
    """Choose configs that have every component between them, each time the one with the most that are missing."""
    having = {config: components(config) for config in CONFIGS}
    missing, chosen = set().union(*having.values()), []
    while missing:
        chosen.append(max(CONFIGS, key=lambda config: len(having[config] & missing)))  # of several the first
        missing -= having[chosen[-1]]
    return set(chosen)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The data that the configs share."""
    return tmp_path_factory.mktemp("smoke")


@pytest.mark.parametrize("config", CONFIGS)
def test_config_runs(config, folder, shallow):
    override = REPO / "configs" / "_base_" / "smoke.py"
    assert smoke(REPO / config, folder, override, whole=config in whole()) is None


def test_every_config_is_here_and_says_what_it_is():
    assert [REPO / config for config in CONFIGS] == find_configs([REPO / "configs"]) and len(CONFIGS) > 30
    faults = [
        f"{config}: the docstring has no line '{word}'"
        for config in CONFIGS
        for word in FRONT_PAGE
        if word not in (REPO / config).read_text(encoding="utf-8")
    ]
    assert not faults, "\n" + "\n".join(faults)


def test_few_configs_go_the_whole_way():
    assert 5 < len(whole()) < len(CONFIGS) / 3


def test_the_flagship_is_the_documents_experiment(repo):
    cfg = load_config(repo / "configs/moe_r101.py")
    head = cfg.model.head
    assert (cfg.model.image_backbone.type, cfg.model.image_backbone.depth, cfg.image_size) == ("ResNet", 101, 224)
    assert (cfg.model.text_encoder.in_channels, cfg.model.text_encoder.out_channels) == (200, 1024)
    assert (head.num_classes, head.num_experts, head.hidden_channels, head.se_reduction) == (137, 4, 1024, 2)
    assert (head.loss.label_smooth_val, head.loss.gamma) == (0.1, 2.0)
    assert (cfg.train_dataloader.dataset.type, cfg.train_dataloader.dataset.oversample_thr) == (
        "ClassBalancedDataset",
        0.02,
    )
    assert (cfg.optim_wrapper.optimizer.type, cfg.optim_wrapper.optimizer.lr) == ("SGD", 0.01)
    assert (cfg.param_scheduler.milestones, cfg.train_cfg.max_epochs) == ([40, 70, 90], 110)
