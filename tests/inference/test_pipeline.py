import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from PIL import Image

from kdxf.datasets import TokenizeOCR
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.inference.inputs import InputTexts
from kdxf.inference.pipeline import InferenceDataset, dataset_config, iterate_batches, needs_ocr, pipeline_config
from kdxf.text.ocr import OCRRecord, OCRTable
from kdxf_runtime.inputs import InputImage, collect_images

STOCK = [{"type": "LoadImageFromFile"}, {"type": "Resize", "scale": (8, 8)}, {"type": "PackInputs"}]


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope("kdxf"):
        yield


def test_dataset_config_looks_into_wrappers():
    inner = {"type": "OCRTextDataset", "pipeline": []}
    wrapped = {"type": "RepeatDataset", "times": 2, "dataset": inner}
    several = {"type": "ConcatDataset", "datasets": [wrapped, {"type": "Other", "pipeline": []}]}
    for dataset in (inner, wrapped, several):
        assert dataset_config(Config({"test_dataloader": {"dataset": dataset}})).type == "OCRTextDataset"
        assert dataset_config(Config({"x": {"dataset": dataset}}), "x").type == "OCRTextDataset"


@pytest.mark.parametrize("content", [{}, {"test_dataloader": None}, {"test_dataloader": {"dataset": {"type": "X"}}}])
def test_a_config_without_test_pipeline(content):
    with pytest.raises(
        UserError, match=r"has no test_dataloader\.dataset\.pipeline, which says how images are prepared$"
    ):
        dataset_config(Config(content))


def test_tta_pipeline(lab):
    cfg = load_config(lab.moe)
    assert pipeline_config(cfg, False) == cfg.test_dataloader.dataset.pipeline
    assert pipeline_config(cfg, True) == cfg.tta_pipeline
    cfg.tta_pipeline = None
    with pytest.raises(UserError, match=r"^--tta: config .*moe\.py has no tta_pipeline; add it, or leave --tta out$"):
        pipeline_config(cfg, True)


@pytest.mark.parametrize(
    ("pipeline", "needed"),
    [
        (STOCK, False),
        ([{"type": "TokenizeOCR", "tokenizer": {"type": "WordTokenizer"}}], True),
        ([{"type": "kdxf.TokenizeOCR"}], True),
        ([{"type": TokenizeOCR}], True),
        ([{"type": "TestTimeAug", "transforms": [[{"type": "FlipUnlessText"}], STOCK]}], True),
        ([{"type": "TestTimeAug", "transforms": [[{"type": "RandomFlip"}], STOCK]}], False),
        ([{"type": "NoSuchTransform"}], False),
        ([{"type": "LoadImage"}], False),
        ([{"type": "LoadImage", "upright": False}], False),
        ([{"type": "LoadImage", "upright": True}], True),
    ],
)
def test_needs_ocr(pipeline, needed):
    assert needs_ocr(pipeline) is needed


def test_error_of_image_goes_before_that_of_ocr(lab):
    images = [InputImage("x", "gone.jpg", "x"), *collect_images([lab.images])]
    texts = InputTexts.from_table(images, OCRTable.open(lab.root / "ocr"))
    data = InferenceDataset(images, texts, load_config(lab.moe).test_dataloader.dataset.pipeline)
    packed, error = data[0]
    assert "No such file" in error
    assert packed["data_samples"].img_path == "gone.jpg" and not packed["inputs"]["text_weight"].any()
    packed, error = data[1]
    assert error is None and packed["inputs"]["text_weight"].tolist() == [1, 0, 0, 0]


def test_error_of_ocr_alone():
    class Texts:
        def __getitem__(self, index):
            return OCRRecord.empty("x", "the OCR engine failed: x")

    words = [{"type": "TokenizeOCR", "tokenizer": {"type": "WordTokenizer"}}, add_text, {"type": "PackImageTextInputs"}]
    data = InferenceDataset([InputImage("x", "x.jpg", "x")], Texts(), words[:1])
    data.pipeline.transforms += [add_text, *InferenceDataset([], None, words[2:]).pipeline.transforms]
    assert data[0][1] == "the OCR engine failed: x"


def add_text(results):
    return {**results, "text": np.zeros((1, 2), np.float32), "text_weight": np.zeros(1, np.float32)}


def test_stock_loading_takes_a_blank_for_what_it_cannot_read(lab):
    data = InferenceDataset([*collect_images([lab.images]), InputImage("x", "gone.jpg", "x")], None, STOCK)
    assert data[0][1] is None
    packed, error = data[5]
    assert error.startswith("cannot be read: ") and "gone.jpg" in error
    assert packed["inputs"].shape == (3, 8, 8) and packed["inputs"].unique().tolist() == [104, 116, 124]


def test_stock_loading_is_bounded(lab, tmp_path):
    Image.new("L", (404, 4)).save(tmp_path / "strip.png")
    error = InferenceDataset([InputImage("x", str(tmp_path / "strip.png"), "x")], None, STOCK)[0][1]
    assert error.startswith("cannot be read: 404 x 4 px: the longer side is more than 100 times the shorter one")


def test_faults_of_a_pipeline_stay_faults():
    with pytest.raises(AssertionError, match="`img` is not found"):
        InferenceDataset([InputImage("x", "x.jpg", "x")], None, [{"type": "CenterCrop", "crop_size": 3}])[0]


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_in_order(lab, workers):
    cfg = load_config(lab.image)
    images = collect_images([lab.images])
    images[1] = InputImage("x", "gone.jpg", "x")
    data = InferenceDataset(images, None, pipeline_config(cfg, False))
    batches = list(iterate_batches(data, cfg, batch_size=2, workers=workers))
    assert [len(errors) for _, errors in batches] == [2, 2, 1]
    assert [[s.sample_idx for s in batch["data_samples"]] for batch, _ in batches] == [[0, 1], [2, 3], [4]]
    assert batches[0][1][0] is None and "No such file" in batches[0][1][1]
    assert batches[2][0]["inputs"]["img"].shape == (1, 3, 32, 32)


def test_collate_of_the_config(lab):
    cfg = load_config(lab.image)
    cfg.test_dataloader.collate_fn = {"type": "pseudo_collate"}
    data = InferenceDataset(collect_images([lab.images]), None, pipeline_config(cfg, False))
    batch, _ = next(iterate_batches(data, cfg, batch_size=2, workers=0))
    assert len(batch["inputs"]["img"]) == 2 and batch["inputs"]["img"][0].shape == (3, 32, 32)
