"""From the bytes of a picture to its label, against the trained model itself."""

import json
import re
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from kdxf_runtime import runner as module
from kdxf_runtime.bundle import Bundle
from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import collect_images
from kdxf_runtime.ocr.base import BaseOCREngine
from kdxf_runtime.ocr.rapidocr_engine import RapidOCREngine
from kdxf_runtime.ocr.record import OCRLine, OCRRecord
from kdxf_runtime.runner import Picture, Runner, make_engine
from kdxf_runtime.steps.text import TokenizeOCR


class Milk(BaseOCREngine):
    """Reads ``milk`` on every picture, and counts them."""

    name = "milk 1"

    def __init__(self):
        super().__init__()
        self.asked = 0

    def find_lines(self, image):
        self.asked += 1
        return [OCRLine("milk", 0.9, np.zeros((4, 2), np.float32))]


@pytest.fixture
def engine(monkeypatch):
    engine = Milk()
    monkeypatch.setattr(module, "make_engine", lambda bundle: engine)
    return engine


@pytest.fixture
def pictures(shop):
    return [Picture.read(image.path, image.image_id) for image in collect_images([shop.pictures])]


@pytest.fixture(scope="module")
def opened(bundled):
    return Bundle.open(bundled.path)


def record_of(picture, *texts):
    boxes = np.zeros((len(texts), 4, 2), np.float32)
    return OCRRecord(picture.image_id, list(texts), np.ones(len(texts), np.float32), boxes, 80, 60, "", None)


def scores_of(answers):
    return np.stack([answer.prediction.scores for answer in answers])


class Given:
    """The texts of a list of pictures, as the model's own inference takes them."""

    def __init__(self, records):
        self.records = records

    def __getitem__(self, index):
        return self.records[index]


@pytest.mark.parametrize("tta", [False, True])
def test_answers_are_those_of_the_model(shop, opened, pictures, tta):
    """Texts are given, so that batches have some of none, one and six words, of which four are taken."""
    from kdxf.engine.config import load_config
    from kdxf.inference.inferencer import KDXFInferencer

    texts = ["", "milk", "red phone", "milk milk red", "phone red milk red phone milk", "unknown", "", "milk", "red"]
    records = [record_of(one, *([text] if text else [])) for one, text in zip(pictures, texts, strict=True)]
    model = KDXFInferencer(load_config(shop.config), shop.checkpoint, device="cpu", tta=tta)
    expected = list(model.predict(collect_images([shop.pictures]), Given(records), batch_size=4))
    given = [replace(one, record=record) for one, record in zip(pictures, records, strict=True)]
    answers = Runner(opened, tta=tta).answer(given)
    for one, answer in zip(expected, answers, strict=True):
        found = answer.prediction
        np.testing.assert_allclose(found.scores, one.scores, atol=1e-6)
        assert (found.image_id, found.category_id, found.category_name) == (
            one.image_id, one.category_id, one.category_name,
        )  # fmt: skip
        assert (found.error, found.likely, found.unlike, found.text) == (one.error, one.likely, one.unlike, one.text)
        assert answer.feature.shape == (40,) and answer.feature.dtype == np.float32
    assert sum(answer.prediction.error is not None for answer in answers) == 2
    alone = [Runner(opened, tta=tta).answer([one])[0] for one in given[4:6]]
    np.testing.assert_allclose(scores_of(alone), scores_of(answers[4:6]), atol=1e-6)


def test_text_is_read_where_it_is_not_given(opened, pictures, engine):
    runner = Runner(opened)
    assert engine.asked == 0
    bad = {"cut off.png", "no picture.jpg"}
    pictures = [one for one in pictures if one.image_id not in bad] + [one for one in pictures if one.image_id in bad]
    given = replace(pictures[0], record=record_of(pictures[0], "phone"))
    answers = runner.answer([given, *pictures[1:]])
    assert engine.asked == len(pictures) - 3
    assert [answer.record.texts for answer in answers] == [["phone"], *[["milk"]] * 6, [], []]
    assert {answer.prediction.text for answer in answers} == {None}


def test_text_that_is_never_read(opened, pictures, engine):
    answers = Runner(opened, read_text="never").answer(pictures)
    assert engine.asked == 0 and all(answer.record.texts == [] for answer in answers)


def test_text_that_does_not_count_has_a_calibration_of_its_own(opened, pictures, engine, with_manifest):
    """Sets of classes of at least 0.45, and the temperature 2."""
    runner = Runner(opened)
    given = [replace(one, record=record_of(one, "milk")) for one in pictures]
    alone = runner.answer(given, with_text=False)
    never = Runner(opened, read_text="never")
    assert never.calibration.right.sum() == never.without_text.right.sum() == 6 and runner.calibration.right.sum() == 5
    for one, two in zip(alone, never.answer(pictures), strict=True):
        np.testing.assert_array_equal(one.prediction.scores, two.prediction.scores)
        assert one.record.texts == [] and one.prediction.likely == two.prediction.likely
        assert one.prediction.likely == tuple(
            index for index in np.argsort(-one.prediction.scores, kind="stable") if one.prediction.scores[index] >= 0.45
        )
    assert engine.asked == 0
    none = Runner(Bundle.open(with_manifest(routing=None)))
    assert none.without_text is None and none.calibration is not None
    for one, two in zip(none.answer(given, with_text=False), alone, strict=True):
        odds = one.prediction.scores**0.5  # as they come; the temperature is 2
        np.testing.assert_allclose(odds / odds.sum(), two.prediction.scores, atol=1e-6)
        assert one.prediction.likely is None


def test_no_pictures(opened, engine):
    for options in ({}, {"read_text": "never"}, {"read_text": "auto"}):
        assert Runner(opened, **options).answer([]) == []


def test_only_some_texts_are_read(opened, pictures, engine):
    """A picture is sure where softmax(log(p) / 2) is at least 0.525; the rest, and those with a text, are by both."""
    alone = scores_of(Runner(opened, read_text="never").answer(pictures))
    # Both have the temperature of 2, so that these are the scores that the rule sees.
    sure = [row.max() >= 0.525 for row in alone]
    bad = [index for index, one in enumerate(pictures) if one.image_id in ("cut off.png", "no picture.jpg")]
    given = next(index for index, is_sure in enumerate(sure) if is_sure and index not in bad)
    pictures[given] = replace(pictures[given], record=record_of(pictures[given], "phone"))
    answers = Runner(opened, read_text="auto").answer(pictures)
    expected = [
        "given" if index == given else "not read" if is_sure and index not in bad else "read"
        for index, is_sure in enumerate(sure)
    ]
    assert [answer.prediction.text for answer in answers] == expected
    assert {"not read", "read", "given"} == set(expected)
    assert engine.asked == sum(index not in bad and text == "read" for index, text in enumerate(expected))
    for index, answer in enumerate(answers):
        assert answer.prediction.image_id == pictures[index].image_id
        assert (answer.record is None) == (expected[index] == "not read")
        limit = 0.65 if expected[index] == "given" else 0.8  # of the sets of the two systems
        assert set(answer.prediction.likely) == set(np.flatnonzero(1 - answer.prediction.scores <= limit))


def test_pictures_that_cannot_be_read(tmp_path, opened, engine):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "page.jpg").write_text("<html>404</html>")
    read = [Picture.read(str(tmp_path / name), name) for name in ("gone.jpg", "empty.jpg", "page.jpg")]
    assert read[0].data == b"" and "No such file" in read[0].error
    answers = Runner(opened).answer(read)
    assert answers[0].prediction.error == read[0].error
    assert all(answer.prediction.error for answer in answers) and engine.asked == 0
    blank = scores_of(answers)
    np.testing.assert_array_equal(blank[0], blank[2])
    assert [answer.record.error for answer in answers] == [answer.prediction.error for answer in answers]


def test_an_error_of_the_engine_is_one_of_the_picture(opened, pictures, monkeypatch):
    class Broken(Milk):
        def find_lines(self, image):
            raise RuntimeError("out of\nmemory")

    monkeypatch.setattr(module, "make_engine", lambda bundle: Broken())
    (answer,) = Runner(opened).answer(pictures[1:2])
    assert "out of memory" in answer.prediction.error


@pytest.mark.parametrize(
    ("rule", "labels"), [({"topk": 2}, [0, 2]), ({"threshold": 0.25}, [0, 2]), ({"threshold": 0.9}, [])]
)
def test_several_labels(with_manifest, pictures, monkeypatch, rule, labels):
    runner = Runner(Bundle.open(with_manifest(multi_label=rule, calibration=None)), read_text="never")
    monkeypatch.setattr(
        runner, "_run", lambda *_: (np.array([[0.5, 0.125, 0.25]], np.float32), np.zeros((1, 4)), [None])
    )
    (answer,) = runner.answer(pictures[1:2])
    assert sorted(answer.prediction.labels) == labels
    assert answer.prediction.category_id == 0


def test_names_for_people(with_manifest, pictures):
    runner = Runner(Bundle.open(with_manifest(names=["milk", "phone", "red"])), read_text="never")
    prediction = runner.answer(pictures[1:2])[0].prediction
    assert prediction.category_name == ("milk", "phone", "red")[prediction.category_id]


# What is refused


def refused(folder, message, **options):
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        Runner(Bundle.open(folder), **options)


def test_options_that_the_bundle_has_nothing_for(with_manifest):
    folder = with_manifest(views=None, routing=None)
    refused(folder, "--read-text maybe: give always, auto or never", read_text="maybe")
    refused(folder, f"--tta: {folder} has no views; export a model whose config has a tta_pipeline", tta=True)
    advice = "has no routing; run kdxf calibrate, and export it again"
    refused(folder, f"--read-text auto: {folder} {advice}", read_text="auto")


def test_routing_of_the_other_kind(bundle_copy, with_manifest):
    message = f"--read-text auto: {bundle_copy} has the routing without --tta only"
    refused(bundle_copy, message, read_text="auto", tta=True)
    routing = json.loads((bundle_copy / "bundle.json").read_text())["routing"]
    routing["system"]["tta"] = True
    refused(with_manifest(routing=routing), message.replace("without", "with"), read_text="auto")


def test_routing_without_text(with_manifest, monkeypatch):
    monkeypatch.setattr(TokenizeOCR, "needs_ocr", False)
    folder = with_manifest()
    refused(folder, f"--read-text auto: {folder} takes no text; leave the option out", read_text="auto")


@pytest.mark.parametrize("name", ["calibration", "routing"])
def test_what_scores_mean_is_checked(bundle_copy, with_manifest, name):
    content = json.loads((bundle_copy / "bundle.json").read_text())[name]
    part = content if name == "calibration" else content["system"]
    part["classes"] = ["a", "b", "c"]
    where = f"{bundle_copy}/bundle.json"
    refused(with_manifest(**{name: content}), f"{where}: its calibration is of other classes; export the bundle anew",
            read_text="auto")  # fmt: skip
    part["temperature"] = -1
    reason = f"its {name} cannot be read: temperature is not positive, or not one for each class"
    refused(with_manifest(**{name: content}), f"{where}: {reason}; export the bundle anew", read_text="auto")
    del part["sets"]
    reason = f"its {name} cannot be read: has no 'sets'"
    refused(with_manifest(**{name: content}), f"{where}: {reason}; export the bundle anew", read_text="auto")


def test_another_graph(bundle_copy, with_manifest):
    inputs = json.loads((bundle_copy / "bundle.json").read_text())["inputs"]
    graph, advice = f"{bundle_copy}/model.onnx", "export the bundle anew"
    takes = "takes img as tensor(uint8), text as tensor(float), text_weight as tensor(float), and the manifest says"
    refused(with_manifest(inputs=inputs[:2]), f"{graph}: {takes} otherwise; {advice}")
    other = [{**inputs[0], "dtype": "float32"}, *inputs[1:]]
    refused(with_manifest(inputs=other), f"{graph}: {takes} otherwise; {advice}")
    more = {"classes": ["a", "b", "c", "d"], "calibration": None, "routing": None, "names": None}
    reason = "does not give the scores of 4 classes and a feature"
    refused(with_manifest(inputs=inputs, **more), f"{graph}: {reason}; {advice}")


def test_graphs_that_cannot_be_loaded(bundle_copy, with_manifest):
    import onnx

    file = bundle_copy / "model.onnx"
    model = onnx.load(str(file))
    model.opset_import[0].version = 99
    onnx.save(model, str(file))
    with pytest.raises(UserError, match=r"model\.onnx: cannot be loaded \(.*ai\.onnx.*\); update onnxruntime$"):
        Runner(Bundle.open(with_manifest()))
    file.write_bytes(b"no graph")
    with pytest.raises(UserError, match=r"model\.onnx: cannot be loaded \(.*INVALID_PROTOBUF.*\); update onnxruntime$"):
        Runner(Bundle.open(with_manifest()))


def test_pictures_of_another_size(with_manifest, bundle_copy):
    steps = json.loads((bundle_copy / "bundle.json").read_text())["steps"]
    resize = next(step for step in steps if step["type"] == "Resize")
    resize["scale"] = [48, 48]
    message = r"^input img: the pipeline gives \(3, 48, 48\) and the graph takes \(3, 32, 32\); export the bundle anew$"
    with pytest.raises(UserError, match=message):
        Runner(Bundle.open(with_manifest(steps=steps)), read_text="never")


def test_the_engine_has_the_models_of_the_bundle(opened):
    engine = make_engine(opened)
    assert isinstance(engine, RapidOCREngine)
    files = engine.model_files()
    assert set(files) == {"Det.model_path", "Cls.model_path", "Rec.model_path"}
    assert all(file.is_relative_to(opened.folder / "ocr") for file in files.values())
    assert engine.name == RapidOCREngine(min_side=64).name


def test_denormals_are_flushed_before_the_first_session(opened, monkeypatch):
    calls = []

    class Session(onnxruntime.InferenceSession):
        def __init__(self, *args, **options):
            calls.append("session")
            super().__init__(*args, **options)

    monkeypatch.setattr(module, "flush_denormals", lambda: calls.append("flush"))
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    Runner(opened)
    assert calls == ["flush", "session"]  # else reading the text takes twice as long


def test_other_engines(opened):
    for engine in ({"type": "EasyOCREngine"}, None):
        bundle = replace(opened, manifest=replace(opened.manifest, engine=engine))
        name = engine and engine["type"]
        message = f"{opened.folder}: reads text with {name!r}, which the runner does not have; give the text"
        with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
            make_engine(bundle)


def test_models_elsewhere(opened):
    engine = {"type": "RapidOCREngine", "params": {"Rec.rec_keys_path": "../keys.txt"}}
    with pytest.raises(UserError, match=r"'\.\./keys\.txt' is not a path inside the bundle"):
        make_engine(replace(opened, manifest=replace(opened.manifest, engine=engine)))


def test_words_in_a_picture(opened, pictures):
    """Read by the bundle's own models."""
    (milk,) = [one for one in pictures if one.image_id == "milk.png"]
    (answer,) = Runner(opened).answer([milk])
    assert [text.lower() for text in answer.record.texts] == ["milk"]


def test_parts_that_do_not_fit_together(bundle_copy, with_manifest):
    steps = json.loads((bundle_copy / "bundle.json").read_text())["steps"]
    reason = "its parts do not fit together (KeyError: 'text')"
    refused(with_manifest(steps=steps[:3], views=None), f"{bundle_copy}: {reason}; export the bundle anew")


def test_a_bundle_that_turns_pictures_upright_is_tried_with_a_sure_angle(bundle_copy, with_manifest):
    steps = json.loads((bundle_copy / "bundle.json").read_text())["steps"]
    folder = with_manifest(steps=[{**steps[0], "upright": True}, *steps[1:]], views=None)
    assert Runner(Bundle.open(folder)).pipeline.needs_text


def test_pictures_that_cannot_be_read_are_tried_as_well(bundle_copy, with_manifest):
    steps = json.loads((bundle_copy / "bundle.json").read_text())["steps"]
    folder = with_manifest(steps=[{**steps[0], "blank_size": 32.5}, *steps[1:]], views=None)
    reason = "its parts do not fit together (TypeError: 'float' object cannot be interpreted as an integer)"
    refused(folder, f"{folder}: {reason}; export the bundle anew")


def test_a_graph_whose_scores_have_another_shape_than_it_says(bundle_copy, monkeypatch):
    wrong = np.zeros((2, 3, 4), np.float32), np.zeros((2, 5), np.float32), [None, None]
    monkeypatch.setattr(Runner, "_run", lambda self, pictures: wrong)
    reason = "its parts do not fit together (ValueError: the graph gives scores of (2, 3, 4) and features of (2, 5))"
    with pytest.raises(UserError, match=re.escape(f"{bundle_copy}: {reason}; export the bundle anew")):
        Runner(Bundle.open(bundle_copy))


def test_numbers_that_would_take_all_memory(bundle_copy, with_manifest):
    steps = json.loads((bundle_copy / "bundle.json").read_text())["steps"]
    folder = with_manifest(steps=[steps[0], {**steps[1], "scale": [32, 100_000]}, *steps[2:]])
    refused(folder, f"{folder}: the step Resize has scale = 100000, and at most 8192 is taken")


def test_a_tokenizer_that_is_none(bundle_copy, with_manifest):
    steps = json.loads((bundle_copy / "bundle.json").read_text())["steps"]
    folder = with_manifest(steps=[*steps[:2], {**steps[2], "tokenizer": ["a"]}, steps[3]])
    refused(folder, f"{folder}: has the tokenizer ['a'], which is none; export the bundle anew")
