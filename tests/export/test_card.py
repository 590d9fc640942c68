"""The model card of a bundle."""

from dataclasses import replace

from kdxf.export.card import card
from kdxf_runtime.bundle import GraphInput, Manifest

ABOUT = {
    "kdxf": "0.1.0",
    "made": "2026-11-29",
    "config": "moe_r18",
    "checkpoint": "5ea5",
    "training_data": [{"ann_file": "lists/train.csv", "digest": "1"}, {"name": "a|b"}, "more.csv"],
    "opset": 18,
    "compared": {"images": 200, "other_labels": 0, "largest": 1.2e-6, "where": None},
}
MANIFEST = Manifest(
    "milk",
    ("0", "1"),
    (GraphInput("img", "uint8", (None, 3, 4, 4)), GraphInput("text", "float32", (None, None, 5))),
    (),
    names=("milk", "奶粉"),
    engine={"type": "RapidOCREngine"},
    about=ABOUT,
)


def row(text, name):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
    return line.removeprefix(f"| {name} | ").removesuffix(" |")


def test_what_it_is():
    text = card(MANIFEST)
    lines = text.splitlines()
    assert lines[0] == "# milk" and text.endswith("\n")
    assert lines[2:4] == [
        "A classifier of pictures into 2 classes: milk, 奶粉.",
        "It answers with one of them whatever a picture shows.",
    ]
    assert row(text, "takes") == "the picture and the text in it"
    assert row(text, "made") == "2026-11-29 by kdxf 0.1.0 from `moe_r18`"
    assert row(text, "weights") == "SHA-256 5ea5"
    assert row(text, "trained on") == "lists/train.csv, a\\|b, more.csv"
    assert row(text, "operators") == "ONNX opset 18"
    assert row(text, "compared with the model, in float32") == (
        "on 200 pictures: 0 other labels, scores by 1.2e-06 at most"
    )
    assert row(text, "test-time augmentation") == "no"
    assert row(text, "calibration") == "none: scores are as they come, and no share of right answers"
    assert "eight bits" not in text and "text is read" not in text and "Left out" not in text


def test_what_it_may_have():
    manifest = replace(
        MANIFEST,
        classes=tuple(f"class {index}" for index in range(33)),
        names=None,
        inputs=MANIFEST.inputs[:1],
        engine=None,
        multi_label={"threshold": 0.5},
        views=((), ()),
        calibration={"before": {"ece": 0.081}, "cross_fitted": {"ece": 0.0124}},
        routing={"budget": 0.005},
        about={
            "quantized": {
                "training_pictures": 256, "test_pictures": 900, "shrink": 3.71, "speedup": 1.6,
                "accuracy_before": 91.25, "accuracy_after": 91.0,
            }
        },
    )  # fmt: skip
    text = card(manifest, ["test-time augmentation: too many views"])
    assert "into 33 classes: class 0, " in text and "class 29 and 3 more.\nA picture may have several of them" in text
    assert row(text, "takes") == "the picture"
    assert row(text, "trained on") == "not noted in the checkpoint"
    assert row(text, "compared with the model, in float32") == "not yet"
    assert row(text, "test-time augmentation") == "2 views"
    assert row(text, "eight bits") == (
        "the image encoder, by 256 training pictures: 3.7 times smaller, 1.6 times as fast; top-1 accuracy 91.00 % "
        "instead of 91.25 %, on 900 test pictures"
    )
    assert row(text, "calibration") == ("expected calibration error 8.1 before and 1.2 after, on data not trained on")
    assert row(text, "text is read") == "of all pictures, or only as needed, for 0.5 points of accuracy"
    assert text.splitlines()[-1] == "- Left out: test-time augmentation: too many views"
    assert row(card(replace(MANIFEST, calibration={"temperature": 1.0})), "calibration") == "yes"


def test_text_alone():
    assert row(card(replace(MANIFEST, inputs=MANIFEST.inputs[1:])), "takes") == "the text in it"
