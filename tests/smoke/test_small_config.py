from pathlib import Path

import pytest
from mmengine.config import Config

from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.smoke.small_config import small_config

CHANGES = Config({"edge": 32, "steps": 3, "override": {"train_dataloader": {"batch_size": 2}, "nothing": {"a": 1}}})


def small(path, folder):
    return small_config(load_config(path), folder, CHANGES)


def test_the_flagship(repo, tmp_path):
    cfg = small(repo / "configs/moe_r101.py", tmp_path)
    assert cfg.model.image_backbone.get("init_cfg") is None and cfg.model.image_backbone.depth == 101
    assert cfg.train_dataloader.batch_size == 2 and "nothing" not in cfg
    dataset = cfg.train_dataloader.dataset.dataset
    assert dataset.data_root == str(tmp_path) and Path(dataset.ann_file).is_file() and len(dataset.classes) == 137
    assert dataset.pipeline[-2] == {"type": "Resize", "scale": (32, 32)}
    (look_up,) = (step for step in dataset.pipeline if step["type"] == "LookUpWordVectors")
    assert look_up["vectors"] == str(tmp_path / "vectors_200")
    views = cfg.tta_pipeline[-1]["transforms"]
    assert [choices[0]["type"] for choices in views[-2:]] == ["Resize", "PackImageTextInputs"]
    assert cfg.custom_hooks[-1] == {"type": "BudgetHook", "steps": 3}
    assert load_config(repo / "configs/moe_r101.py").model.image_backbone.init_cfg.type == "Pretrained"


def test_text_alone_gets_no_pictures(repo, tmp_path):
    cfg = small(repo / "configs/text_word2vec.py", tmp_path)
    assert "Resize" not in [step["type"] for step in cfg.val_dataloader.dataset.pipeline]


def test_pipelines_that_a_hook_switches_to(repo, tmp_path):
    cfg = small(repo / "configs/grocery/craft/progressive.py", tmp_path)
    (hook,) = (hook for hook in cfg.custom_hooks if hook["type"] == "SwitchRecipeHook")
    pipeline = hook["schedule"][0]["train_pipeline"]
    assert [step["scale"] for step in pipeline if step["type"] == "Resize"] == [(32, 32)]
    (look_up,) = (step for step in pipeline if step["type"] == "LookUpWordVectors")
    assert look_up["vectors"] == str(tmp_path / "vectors_100")


def config(tmp_path, **parts):
    model = {"head": {"type": "LinearClsHead", "num_classes": 5}, **parts.pop("model", {})}
    (tmp_path / "c.py").touch()
    return Config({"model": model, **parts}, filename=tmp_path / "c.py")


def test_parts_that_need_files(tmp_path):
    dataset = {
        "type": "OCRTextDataset",
        "ann_file": "x.csv",
        "multi_label": True,
        "soft_label_file": "s.parquet",
        "fraction": 0.1,
        "pipeline": [{"type": "LoadImage"}, {"type": "Albumentations", "file": "p.json"}, {"type": "PackInputs"}],
    }
    backbone = {"type": "TIMMBackbone", "model_name": "swin_base_patch4_window12_384", "pretrained": True}
    head = {"type": "HierarchicalClsHead", "fine": {"num_classes": 5}, "class_tree": "t.csv", "levels": {"level_3": 1}}
    cfg = small_config(
        config(tmp_path, model={"image_backbone": backbone, "head": head}, train_dataloader={"dataset": dataset}),
        tmp_path,
        CHANGES,
    )
    found = cfg.train_dataloader.dataset
    assert Path(found.soft_label_file).is_file() and "fraction" not in found
    assert Path(found.pipeline[1]["file"]).is_file() and found.pipeline[2]["type"] == "Resize"
    assert cfg.model.image_backbone.img_size == 32 and cfg.model.image_backbone.pretrained is False
    assert "level_3" in Path(cfg.model.head.class_tree).read_text().splitlines()[0]


def test_a_model_of_hugging_face_keeps_its_architecture_and_needs_no_weights(tmp_path):
    init_cfg = {"type": "Pretrained", "checkpoint": "data/pretrained/dinov2"}
    for backbone in ({"init_cfg": init_cfg}, {"config": "data/pretrained/dinov2"}):
        backbone = {"type": "HuggingFaceBackbone", **backbone}
        found = small_config(
            config(tmp_path, model={"image_backbone": backbone}), tmp_path, CHANGES
        ).model.image_backbone
        assert found.config == "data/pretrained/dinov2" and found.get("init_cfg") is None


def test_a_run_of_one_epoch_gets_another_to_resume_in(tmp_path):
    cfg = small_config(config(tmp_path, train_cfg={"by_epoch": True, "max_epochs": 1}), tmp_path, CHANGES)
    assert cfg.train_cfg.max_epochs == 2


def test_what_cannot_be_made(tmp_path):
    with pytest.raises(UserError, match="c.py: its head does not say num_classes"):
        small_config(config(tmp_path, model={"head": {"type": "X"}}), tmp_path, CHANGES)
    pipeline = [{"type": "LookUpWordVectors", "vectors": "v"}]
    with pytest.raises(UserError, match="the pipeline looks word vectors up, but the model has no Word2VecEncoder"):
        small_config(config(tmp_path, train_dataloader={"dataset": {"pipeline": pipeline}}), tmp_path, CHANGES)


def test_a_hundredth_of_many_classes(tmp_path):
    parts = {"model": {"head": {"type": "LinearClsHead", "num_classes": 50030}}}
    dataset = {"type": "OCRTextDataset", "ann_file": "x.csv", "pipeline": []}
    cfg = small_config(config(tmp_path, train_dataloader={"dataset": dataset}, **parts), tmp_path, CHANGES)
    assert cfg.model.head.num_classes == len(cfg.train_dataloader.dataset.classes) == 500
