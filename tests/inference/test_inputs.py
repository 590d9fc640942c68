import pickle

import numpy as np
import pytest

from kdxf.inference.inputs import InputTexts, TextReader, dataset_images
from kdxf.registry import DATASETS
from kdxf.text.ocr import OCRTable
from kdxf.text.registry import OCR_ENGINES
from kdxf_runtime.inputs import InputImage, collect_images


class Listed:
    def __init__(self, prefix, *images):
        self.img_prefix = prefix
        self.images = images

    def __len__(self):
        return len(self.images)

    def get_data_info(self, index):
        return {"img_path": f"{self.img_prefix}{'/' if self.img_prefix else ''}{self.images[index]}"}


@pytest.mark.parametrize("prefix", ["", "data/images"])
def test_images_of_a_dataset_are_called_as_in_its_file(prefix):
    images = dataset_images(Listed(prefix, "x/1.jpg", "./2.jpg"))
    assert [image.image_id for image in images] == [image.ocr_key for image in images] == ["x/1.jpg", "./2.jpg"]
    assert images[0].path == f"{prefix}/x/1.jpg".removeprefix("/")


def test_keys_of_a_dataset_below_an_ocr_root():
    assert dataset_images(Listed("data/images", "1.jpg"), ocr_root="data")[0].ocr_key == "images/1.jpg"


ENGINE = """
from kdxf.text.ocr import BaseOCREngine, OCRLine
from kdxf.text.registry import OCR_ENGINES
import numpy as np

@OCR_ENGINES.register_module(force=True)
class PluginOCR(BaseOCREngine):
    name = "plugin 1"
    def find_lines(self, image):
        return [OCRLine(str(image.shape[1]), 0.5, np.zeros((4, 2), np.float32))]
"""


def reader():
    return TextReader({"type": "BrightnessOCR"})


def test_nobody_has_read_anything_without_a_table(lab):
    images = collect_images([lab.images])
    texts = InputTexts.from_table(images, None)
    assert texts.missing() == [image.path for image in images]
    assert texts[0].texts == [] and texts[0].image == lab.names[0]


def test_table_then_reading(lab):
    images = collect_images([lab.images, lab.images])
    texts = InputTexts.from_table(images, OCRTable.open(lab.root / "ocr"))
    assert [texts[i].texts for i in range(5)] == [["milk"], ["phone"], ["red"], ["milk"], []]
    assert texts.missing() == [images[4].path]  # once, though it is there twice
    assert texts.read_missing(reader(), workers=2, progress=False) == 1
    assert texts.missing() == []
    assert texts[4].engine == texts[9].engine == "brightness 1" and len(texts[4].texts) == 1


def test_texts_travel_to_a_loader_worker(lab):
    texts = pickle.loads(
        pickle.dumps(InputTexts.from_table(collect_images([lab.images]), OCRTable.open(lab.root / "ocr")))
    )
    assert texts[1].texts == ["phone"]


def test_a_name_of_another_encoding_is_not_in_the_table(lab):
    image = InputImage("a\udcff.jpg", "a\udcff.jpg", "a\udcff.jpg")
    texts = InputTexts.from_table([image], OCRTable.open(lab.root / "ocr"))
    assert texts.missing() == ["a\udcff.jpg"]
    texts.read_missing(reader(), workers=0, progress=False)
    assert "No such file" in texts[0].error


def dataset(lab, rows, **options):
    (lab.root / "texts.csv").write_text(rows)
    config = {"type": "OCRTextDataset", "ann_file": "texts.csv", "data_root": str(lab.root), "data_prefix": "images"}
    return DATASETS.build({**config, "classes": ["a", "b"], **options})


def images_of(dataset):
    return [InputImage(str(i), dataset.get_data_info(i)["img_path"], str(i)) for i in range(len(dataset))]


def test_dataset_with_a_table(lab):
    data = dataset(lab, f"image\n{lab.names[0]}\n{lab.names[4]}\n", ocr_file="ocr")
    texts = InputTexts.from_dataset(images_of(data), data)
    assert texts[0].texts == ["milk"]
    assert texts.missing() == [data.get_data_info(1)["img_path"]]


def test_dataset_with_its_own_texts_is_never_read(lab):
    data = dataset(lab, "image,text\n1.jpg,milk\n2.jpg,\n")
    texts = InputTexts.from_dataset(images_of(data), data)
    assert texts.missing() == []
    assert texts[0].texts == ["milk"] and texts[1].texts == []


def test_dataset_without_texts_is_read(lab):
    data = dataset(lab, "image\n1.jpg\n2.jpg\n")
    assert len(InputTexts.from_dataset(images_of(data), data).missing()) == 2


def test_reader_starts_its_engine_when_there_is_something_to_read():
    engine = OCR_ENGINES.get("BrightnessOCR")
    engine.started = 0
    few = reader()
    assert list(few.read([], workers=2)) == []
    assert engine.started == 0
    assert [record.image for record in few.read(["x.jpg", "y.jpg"], workers=2)] == ["x.jpg", "y.jpg"]
    assert engine.started == 1


@pytest.mark.filterwarnings("ignore")
def test_many_images_are_read_by_worker_processes(lab, tmp_path, monkeypatch):
    (tmp_path / "plugin_ocr.py").write_text(ENGINE)
    monkeypatch.syspath_prepend(tmp_path)
    paths = [str(lab.images / name) for name in lab.names] + [f"missing {i}.jpg" for i in range(11)]
    records = {r.image: r for r in TextReader({"type": "PluginOCR"}, ["plugin_ocr"]).read(paths, workers=8)}
    assert "PluginOCR" not in OCR_ENGINES  # this process read nothing
    assert set(records) == set(paths)
    assert records[paths[0]].texts == ["80"] and records[paths[0]].scores == np.float32(0.5)
    assert "No such file" in records["missing 0.jpg"].error


def test_only_some_of_the_missing_are_read(lab):
    images = [*collect_images([lab.images]), *collect_images([lab.images / lab.names[0]])]
    texts = InputTexts.from_table(images, None)
    assert texts.unread() == [0, 1, 2, 3, 4, 5]
    assert texts.read_missing(reader(), 0, progress=False, rows=[0, 2]) == 2
    assert texts.unread() == [1, 3, 4]  # the last image is the first one once more
    assert texts[0].texts and texts[2].texts and not texts[1].texts
    assert texts.read_missing(reader(), 0, progress=False, rows=[]) == 0


def test_a_table_has_read_its_images(lab):
    images = collect_images([lab.images])
    assert InputTexts.from_table(images, OCRTable.open(lab.root / "ocr")).unread() == [4]
