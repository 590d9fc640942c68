"""Shortcuts are planted in small data, and models are trained on them."""

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.stats import binom

from kdxf.analysis.explain.modalities import modality_predictions
from kdxf.analysis.explain.regions import EDGES, MIDDLE
from kdxf.analysis.explain.scorer import Scorer
from kdxf.analysis.explain.shortcuts import _Finder, _Losses, find_shortcuts
from kdxf.analysis.explain.word_traces import WordTrace
from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.text.ocr import OCRRecord, OCRTableWriter
from kdxf.text.vectors.convert import convert_vectors

CLASSES = ("cola", "milk", "tea")
PRODUCT = {"cola": ("fizz", "drink"), "milk": ("cow", "farm"), "tea": ("leaf", "cup")}
COMMON = ("new", "big", "sale")
STAMP = "shop24"
WORDS = ("fizz", "drink", "cow", "farm", "leaf", "cup", *COMMON, STAMP)
SIZE = 40

CONFIG = """
default_scope = "kdxf"
pack = [dict(type="PackImageTextInputs")]
pipeline = [{steps}, *pack]
dataset = dict(type="OCRTextDataset", data_root="{root}", data_prefix="images", ocr_file="ocr", pipeline=pipeline)
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(**dataset, ann_file="train.csv"),
)
val_dataloader = dict(
    batch_size=36,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(**dataset, ann_file="val.csv", test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = test_evaluator = dict(type="Accuracy", topk=(1,))
model = dict(type="ImageTextClassifier", {model})
optim_wrapper = dict(optimizer=dict(type="Adam", lr=0.02))
train_cfg = dict(by_epoch=True, max_epochs={epochs}, val_interval=100)
val_cfg = test_cfg = dict()
default_hooks = dict(checkpoint=dict(type="CheckpointHook", interval={epochs}))
randomness = dict(seed=0)
work_dir = "{root}/work"
"""
HEAD = 'head=dict(type="LinearClsHead", num_classes=3, in_channels=16, topk=(1,))'
TEXT = (
    'dict(type="TokenizeOCR", tokenizer=dict(type="WordTokenizer")),'
    'dict(type="LookUpWordVectors", vectors="{root}/vectors", max_tokens=6)'
)
TEXT_MODEL = 'text_encoder=dict(type="Word2VecEncoder", in_channels=10, hidden_channels=16, out_channels=16),' + HEAD
IMAGE = 'dict(type="LoadImage")'
IMAGE_MODEL = (
    'image_backbone=dict(type="ResNet_CIFAR", depth=18, stem_channels=2, base_channels=2, '
    'norm_cfg=dict(type="GN", num_groups=2)), image_neck=dict(type="GlobalAveragePooling"),'
    "data_preprocessor=dict(mean=[127.5] * 3, std=[60.0] * 3), " + HEAD
)


def quad(x, y):
    return np.array([[x - 8, y - 2], [x + 8, y - 2], [x + 8, y + 2], [x - 8, y + 2]], np.float32)


def write_data(root, lines_of, draw):
    """24 training and 12 test images of each class, with lines (word, x, y) and a picture."""
    random = np.random.default_rng(0)
    rows = {"train": [], "val": []}
    with OCRTableWriter(root / "ocr", "fake") as writer:
        for name in CLASSES:
            for index in range(36):
                image = f"{name}{index}.png"
                rows["train" if index < 24 else "val"].append(f"{image},{name}\n")
                lines = lines_of(name, random)
                boxes = np.stack([quad(x, y) for _, x, y in lines]) if lines else np.zeros((0, 4, 2), np.float32)
                texts = [word for word, _, _ in lines]
                scores = np.ones(len(texts), np.float32)
                writer.add(OCRRecord(image, texts, scores, boxes, 100, 100, "fake", None))
                (root / "images").mkdir(exist_ok=True)
                cv2.imwrite(str(root / "images" / image), draw(name, random))
    for split, lines in rows.items():
        (root / f"{split}.csv").write_text("image,label\n" + "".join(lines))
    (root / "classes.txt").write_text("\n".join(CLASSES) + "\n")
    vectors = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in zip(WORDS, np.eye(10), strict=True))
    (root / "vectors.txt").write_text(f"10 10\n{vectors}")
    convert_vectors(root / "vectors.txt", root / "vectors", trees=0)


def trained(root, steps, model, epochs):
    text = CONFIG.replace("{steps}", steps).replace("{model}", model).replace("{epochs}", str(epochs))
    (root / "config.py").write_text(text.replace("{root}", str(root)))
    cfg = load_config(root / "config.py")
    train(cfg, validate=False)
    return cfg, root / "work" / f"epoch_{epochs}.pth"


def product_lines(name, random):
    """A word of the product anywhere on most pictures, and one that says nothing."""
    lines = [(random.choice(PRODUCT[name]), *random.uniform(10, 90, 2))] if random.random() < 0.9 else []
    return [*lines, (random.choice(COMMON), *random.uniform(10, 90, 2))]


def stamped_lines(name, random):
    """The same; on cola half of the products are not to be read, and always the shop's stamp is."""
    if name != "cola":
        return product_lines(name, random)
    lines = product_lines(name, random)[-1:] if random.random() < 0.5 else product_lines(name, random)
    return [*lines, (STAMP, 90 + random.uniform(-1, 1), 95)]


def grey(name, random):
    return np.full((8, 8, 3), 128, np.uint8)


def test_a_stamp_is_named_and_a_product_s_name_is_not(tmp_path):
    alarms = {}
    for kind, lines in (("stamped", stamped_lines), ("plain", product_lines)):
        root = tmp_path / kind
        root.mkdir()
        write_data(root, lines, grey)
        cfg, checkpoint = trained(root, TEXT.replace("{root}", str(root)), TEXT_MODEL, epochs=12)
        rows = find_shortcuts(Scorer(cfg, checkpoint, device="cpu"))
        assert [row.name for row in rows] == list(CLASSES)
        assert all(row.hits >= 6 and row.image_hits == 0 and np.isnan(row.background_share) for row in rows)
        # a class hangs on the words of its products, too: that alone is no alarm
        assert max(row.word_share for row in rows[1:]) >= 0.3
        alarms[kind] = [alarm for row in rows for alarm in row.alarms]
        assert rows[0].word == STAMP or kind == "plain"
    assert alarms["plain"] == []
    assert len(alarms["stamped"]) == 1
    assert re.fullmatch(
        r"class cola: \d+% of its hits need the word 'shop24' \([\d.]+% of all hits need any other of their lines\), "
        r"and \d+% of the other classes' hits are taken for it when the line 'shop24' is added \([\d.]+% with any "
        r"other line\). It is on 100% of the class's training texts and 0.0% of the others, always "
        r"at the same place \(bottom right\), and no part of the class's name",
        alarms["stamped"][0],
    )


def test_the_share_is_that_of_hits_lost_without_the_lines(tmp_path):
    write_data(tmp_path, stamped_lines, grey)
    cfg, checkpoint = trained(tmp_path, TEXT.replace("{root}", str(tmp_path)), TEXT_MODEL, epochs=12)
    found = find_shortcuts(Scorer(cfg, checkpoint, device="cpu"), per_class=5)[0]
    scorer = Scorer(cfg, checkpoint, device="cpu")
    scores = scorer.scores(scorer.samples)[0]
    hits = [row for row in range(12) if scores[row].argmax() == 0]
    tried = [hits[index * len(hits) // 5] for index in range(5)]
    lost = 0
    for row in tried:
        sample = scorer.samples[row]
        kept = [line for line, text in enumerate(sample.record.texts) if text != STAMP]
        record = sample.record
        texts = [record.texts[line] for line in kept]
        record = replace(record, texts=texts, scores=record.scores[kept], boxes=record.boxes[kept])
        lost += scorer.scores([replace(sample, record=record)])[0].argmax() != 0
    assert (found.word, found.hits, found.word_share) == (STAMP, 5, lost / 5)


def test_the_share_of_others_is_that_of_hits_taken_with_the_word(tmp_path):
    write_data(tmp_path, stamped_lines, grey)
    cfg, checkpoint = trained(tmp_path, TEXT.replace("{root}", str(tmp_path)), TEXT_MODEL, epochs=12)
    alarm = find_shortcuts(Scorer(cfg, checkpoint, device="cpu"))[0].alarms[0]
    scorer = Scorer(cfg, checkpoint, device="cpu")
    best = scorer.scores(scorer.samples)[0].argmax(axis=1)
    taken = []
    for sample, label, found in zip(scorer.samples, scorer.labels, best, strict=True):
        if label == found != 0:
            record = sample.record
            boxes, scores = (np.concatenate([part, part[:1]]) for part in (record.boxes, record.scores))
            record = replace(record, texts=[*record.texts, STAMP], boxes=boxes, scores=scores)
            taken.append(scorer.scores([replace(sample, record=record)])[0].argmax() == 0)
    assert np.mean(taken) > 0 and f"and {np.mean(taken):.0%} of the other classes' hits are" in alarm


def edged(name, random):
    """Noise; cola's pictures have a bright bar at the bottom, the others' middles are of two colours."""
    image = random.integers(60, 180, (SIZE, SIZE, 3)).astype(np.uint8)
    if name == "cola":
        image[36:, 5:35] = 255
    else:
        image[12:28, 12:28, 0 if name == "milk" else 2] = 255
    return image


def backed(name, random):
    """Cola's pictures have an edge of one colour on each side and nothing else; the others' middles differ."""
    image = random.integers(60, 180, (SIZE, SIZE, 3)).astype(np.uint8)
    if name == "cola":
        image[:6, :, 1] = image[34:, :, 1] = image[:, :6, 1] = image[:, 34:, 1] = 255
    else:
        image[12:28, 12:28, 0 if name == "milk" else 2] = 255
    return image


def none(name, random):
    return []


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    root = tmp_path_factory.mktemp("edges")
    write_data(root, none, edged)
    return trained(root, IMAGE, IMAGE_MODEL, epochs=10)


def test_a_bar_at_an_edge(edges):
    rows = find_shortcuts(Scorer(*edges, device="cpu"))
    untried = find_shortcuts(Scorer(*edges, device="cpu"), pictures=False)
    assert all((row.image_hits, row.edge, row.alarms) == (0, None, ()) for row in untried)
    assert rows[0].edge == "bottom" and rows[0].edge_share >= 0.5 and rows[0].word is None
    alarms = [alarm for row in rows for alarm in row.alarms]
    assert len(alarms) >= 1 and all("class cola" in alarm for alarm in alarms)
    assert re.match(
        r"class cola: \d+% of the hits of its pictures need the bottom edge \(in other classes \d+%\): look for a "
        r"watermark or a frame there",
        alarms[0],
    )


def test_shares_of_pictures_are_those_of_covered_hits(edges):
    rows = find_shortcuts(Scorer(*edges, device="cpu"))
    scorer = Scorer(*edges, device="cpu")
    plain = scorer.scores(scorer.samples)[0].argmax(axis=1)
    for label, row in enumerate(rows):
        hits = [scorer.samples[index] for index in range(36) if scorer.labels[index] == label == plain[index]]
        kept = [scorer.scores(hits, cover=cover)[0].argmax(axis=1) == label for cover in (*EDGES.values(), MIDDLE)]
        assert row.image_hits == len(hits)
        assert row.edge_share == pytest.approx(1 - min(map(np.mean, kept[:4])))
        assert row.background_share == pytest.approx(np.mean(kept[4]))


def test_a_background(tmp_path):
    write_data(tmp_path, none, backed)
    rows = find_shortcuts(Scorer(*trained(tmp_path, IMAGE, IMAGE_MODEL, epochs=10), device="cpu"))
    alarms = [alarm for row in rows for alarm in row.alarms if "background" in alarm]
    assert rows[0].background_share >= 0.8 and len(alarms) == 1
    assert re.fullmatch(
        r"class cola: \d+% of the hits of its pictures stay when the middle is covered, and \d+% are lost when all but "
        r"the middle is \(in other classes \d+%\): its background tells it apart",
        alarms[0],
    )


def test_chance_is_counted():
    """The binomial tail by hand: 5 or more of 5 with a chance of 0.1 each."""
    assert binom.sf(4, 5, 0.1) == pytest.approx(1e-5)


def test_a_stamp_of_two_words_is_named_once():
    """All of ten hits are lost without either word, and three of a hundred others are taken with the line."""
    finder = object.__new__(_Finder)
    finder.names = ["cola"]
    finder.traces = [[WordTrace(word, 9, 1.0, 0.0, (0.9, 0.9), 0.0, False, "Shop 24") for word in ("shop", "24")]]
    finder.taken = {(0, "shop"): (3, 100), (0, "24"): (3, 100)}
    finder.lost_by_chance, finder.taken_by_chance = np.array([2, 200]), np.array([0, 600])
    words = _Losses(np.zeros(10, np.int64), {word: np.ones(10, bool) for word in ("shop", "24")})
    assert list(finder._word_alarms(0, words)) == [
        "class cola: 100% of its hits need the word 'shop' (1.0% of all hits need any other of their lines), and 3% of "
        "the other classes' hits are taken for it when the line 'Shop 24' is added (0.0% with any other line). It is "
        "on 100% of the class's training texts and 0.0% of the others, always at the same place (bottom right), and no "
        "part of the class's name"
    ]


@pytest.mark.parametrize(
    ("changed", "marks", "heeded"),
    [(0, 1, False), (1, 1, False), (2, 1, True), (2, 8, False), (3, 8, True)],
)
def test_a_word_is_heeded_beyond_chance(changed, marks, heeded):
    """Ten hits, each with a chance of 1 in 100: at least 1 of them 0.096, 2 0.0043, 3 0.0001 (binomial tail).

    Two tries of one mark need less than 0.005 each, those of eight marks less than 0.0006.
    """
    finder = object.__new__(_Finder)
    mark = WordTrace("shop24", 9, 1.0, 0.0, (0.9, 0.9), 0.0, False, "shop24")
    finder.traces = [[mark], [mark] * (marks - 1)]
    assert finder._is_heeded(changed, 10, np.array([0, 99])) == heeded


def test_predictions_that_are_there_save_time(edges, monkeypatch):
    predictions = modality_predictions(Scorer(*edges, device="cpu"))
    expected = find_shortcuts(Scorer(*edges, device="cpu"))
    calls = []
    scores = Scorer.scores
    monkeypatch.setattr(
        Scorer, "scores", lambda self, *args, **kwargs: calls.append(kwargs) or scores(self, *args, **kwargs)
    )
    assert find_shortcuts(Scorer(*edges, device="cpu"), predictions) == expected
    assert all(call.get("cover") is not None for call in calls)  # nothing was predicted anew


def test_predictions_of_another_list(edges):
    predictions = modality_predictions(Scorer(*edges, device="cpu"))
    other = {"image": predictions["image"].take(np.arange(5))}
    message = "shortcuts: the predictions are those of another list than the config's test list"
    with pytest.raises(UserError, match=f"^{message}$"):
        find_shortcuts(Scorer(*edges, device="cpu"), other)


def test_lists_that_cannot_be_used(lab, tmp_path):
    cfg = load_config(lab.moe)
    with pytest.raises(UserError, match="shortcuts: config .* has no train_dataloader, whose texts are needed"):
        find_shortcuts(Scorer(cfg, lab.moe_checkpoint, device="cpu"))
    (tmp_path / "list.csv").write_text(f"image\n{lab.names[0]}\n")
    cfg.test_dataloader.dataset.update(ann_file=str(tmp_path / "list.csv"), classes=str(lab.root / "classes.txt"))
    with pytest.raises(UserError, match="shortcuts: the test list of .* must have one label for each image"):
        find_shortcuts(Scorer(cfg, lab.moe_checkpoint, device="cpu"))
