"""Every config in the repository runs: two steps, resumed, tested and predicted with; all faults at once."""

from kdxf.engine.config import load_config
from kdxf.smoke import find_configs, smoke_all

FRONT_PAGE = ("Data ", "Train ", "Result ")


def test_every_config_runs(repo):
    configs = find_configs([repo / "configs"])
    faults = [
        f"{config.relative_to(repo)}: the docstring has no line '{word}'"
        for config in configs
        for word in FRONT_PAGE
        if word not in config.read_text(encoding="utf-8")
    ]
    for config, fault, _ in smoke_all(configs, repo / "configs" / "_base_" / "smoke.py", jobs=2):
        if fault is not None:
            faults.append(f"{config.relative_to(repo)}: {fault}")
    assert len(configs) > 30 and not faults, "\n" + "\n".join(faults)


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
