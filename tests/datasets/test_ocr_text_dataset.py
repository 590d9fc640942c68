"""The dataset: annotations joined with the OCR table, and what mmengine does with it."""

import gzip
import hashlib
import logging
import pickle
import re
import tarfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, default_collate
from mmengine.logging import MMLogger
from torch.utils.data import DataLoader

from kdxf.datasets import LookUpWordVectors, OCRTextDataset, TokenizeOCR
from kdxf.datasets.ocr_text_dataset import shuffled_rows, warn_of_other_tokenizer
from kdxf.errors import UserError
from kdxf.io.annotations import write_classes
from kdxf.io.predictions import Predictions, write_predictions
from kdxf.registry import DATASETS
from kdxf.text.ocr import OCRRecord, OCRTableWriter
from kdxf.text.vectors.convert import convert_vectors


@pytest.fixture
def root(tmp_path):
    """Ten rows: 6 of class a, 3 of class b, 1 of class c; OCR has read the even ones."""
    write_classes(["a", "b", "c"], tmp_path / "classes.txt")
    rows = [f"图 {i}.jpg,{'aaaaaabbbc'[i]}" for i in range(10)]
    (tmp_path / "train.csv").write_text("image,label\n" + "\n".join(rows), encoding="utf-8")
    with OCRTableWriter(tmp_path / "ocr", "fake 1") as writer:
        for i in (8, 0, 2, 4, 6, 99):
            boxes = np.full((2, 4, 2), i, np.float32)
            scores = np.array([0.5, 1.0], np.float32)
            writer.add(OCRRecord(f"图 {i}.jpg", [f"牛奶 {i}", "milk"], scores, boxes, 20, 10, "fake 1", None))
    return tmp_path


def build(root, **options):
    options = {"ann_file": "train.csv", "data_root": str(root), "data_prefix": "images", **options}
    return DATASETS.build({"type": "OCRTextDataset", **options})


@pytest.fixture
def warnings():
    """Return the messages that are logged while the test runs."""
    records = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: records.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def test_samples(root):
    dataset = build(root, ocr_file="ocr")
    assert len(dataset) == 10
    assert dataset.metainfo["classes"] == ("a", "b", "c")
    sample = dataset[6]
    assert set(sample) == {"img_path", "gt_label", "ocr", "sample_idx"}
    assert sample["img_path"] == f"{root}/images/图 6.jpg"
    assert (sample["gt_label"], sample["sample_idx"]) == (1, 6)
    record = sample["ocr"]
    assert (record.image, record.texts, record.scores.tolist()) == ("图 6.jpg", ["牛奶 6", "milk"], [0.5, 1.0])
    assert record.boxes.tolist() == np.full((2, 4, 2), 6).tolist()
    assert dataset[-1]["sample_idx"] == 9
    assert isinstance(dataset, OCRTextDataset)


def test_missing_ocr_rows_are_samples_without_text_and_logged_once(root, warnings):
    dataset = build(root, ocr_file="ocr")
    assert dataset[7]["ocr"].texts == [] and dataset[7]["ocr"].image == "图 7.jpg"
    assert warnings == [
        f"5 of 10 images of {root}/train.csv have no row in {root}/ocr (first: 图 1.jpg); they count as images without "
        f"text. To read them run tools/ocr.py again, with the image root '{root}/images'"
    ]


def test_a_complete_table_is_silent(root, warnings):
    (root / "even.csv").write_text("image,label\n图 0.jpg,a\n图 2.jpg,a\n", encoding="utf-8")
    assert build(root, ann_file="even.csv", ocr_file="ocr")[1]["ocr"].texts[0] == "牛奶 2"
    assert warnings == []


def test_pictures_that_were_replaced_after_their_text_was_read_are_named_in_one_line(root, warnings):
    (root / "even.csv").write_text("image,label\n图 0.jpg,a\n图 2.jpg,a\n", encoding="utf-8")
    (root / "images").mkdir()
    with OCRTableWriter(root / "dated", "fake 1") as writer:
        for name in ("图 0.jpg", "图 2.jpg"):
            (root / "images" / name).write_text(name)
            data, status = name.encode(), (root / "images" / name).stat()
            stamp = dict(file_size=status.st_size, file_time=status.st_mtime_ns)
            writer.add(replace(OCRRecord.empty(name), digest=hashlib.sha256(data).hexdigest(), **stamp))
    build(root, ann_file="even.csv", ocr_file="dated")
    assert warnings == []
    (root / "images" / "图 2.jpg").write_text("another")
    build(root, ann_file="even.csv", ocr_file="dated")
    assert warnings == [
        f"1 of 2 images of {root}/even.csv have changed since {root}/dated was made (first: 图 2.jpg): their text "
        "may be that of other pictures, unless they were only resized or encoded anew; run tools/ocr.py again, which "
        "reads those that have changed"
    ]


def test_datasets_share_the_table_that_both_read(root):
    one, two = build(root, ocr_file="ocr"), build(root, ocr_file="ocr")
    assert one.data_list.ocr_table is two.data_list.ocr_table
    with OCRTableWriter(root / "ocr", "fake 1") as writer:
        writer.add(OCRRecord.empty("图 1.jpg", engine="fake 1"))
    assert len(build(root, ocr_file="ocr").data_list.ocr_table) == len(one.data_list.ocr_table) + 1


def test_text_column_stands_in_for_a_table(root):
    (root / "text.csv").write_text('image,label,text\nx.jpg,a,"牛奶\n3,0 %"\ny.jpg,b,\n', encoding="utf-8")
    dataset = build(root, ann_file="text.csv")
    assert dataset[0]["ocr"].texts == ["牛奶", "3,0 %"]
    assert dataset[1]["ocr"].texts == []
    (root / "plain.csv").write_text("image,label\nx.jpg,a\n", encoding="utf-8")
    assert build(root, ann_file="plain.csv")[0]["ocr"].texts == []


def test_every_image_gets_another_one_s_text(root):
    plain, shuffled = build(root, ocr_file="ocr"), build(root, ocr_file="ocr", shuffle_texts=0)
    others = shuffled_rows(10, 0).tolist()
    assert sorted(others) == list(range(10)) and all(row != other for row, other in enumerate(others))
    assert others != shuffled_rows(10, 1).tolist() and others == shuffled_rows(10, 0).tolist()
    for row, other in enumerate(others):
        assert shuffled[row]["ocr"].texts == plain[other]["ocr"].texts
        assert shuffled[row]["img_path"] == plain[row]["img_path"]
        assert shuffled[row]["gt_label"] == plain[row]["gt_label"]
    rows = "".join(f"{row}.jpg,a,text {row}\n" for row in range(10))
    (root / "text.csv").write_text("image,label,text\n" + rows, encoding="utf-8")
    texts = build(root, ann_file="text.csv", shuffle_texts=0)
    assert [sample["ocr"].texts for sample in texts] == [[f"text {other}"] for other in others]
    assert shuffled_rows(1, 0).tolist() == [0]


@pytest.mark.parametrize("name", ["test.csv", "test.txt"])
def test_unlabelled_lists_are_there_to_predict(root, name):
    (root / name).write_text("image\nx y.jpg\n" if name.endswith("csv") else "x y.jpg\n", encoding="utf-8")
    dataset = build(root, ann_file=name, test_mode=True)
    assert set(dataset[0]) == {"img_path", "ocr", "sample_idx"}
    assert dataset[0]["img_path"] == f"{root}/images/x y.jpg"
    for ask in (dataset.get_gt_labels, lambda: dataset.get_cat_ids(0)):
        with pytest.raises(UserError, match=f"{name}: has no labels; training and class balancing need the column 'l"):
            ask()


def test_mmpretrain_lists_and_other_classes(root):
    (root / "list.txt").write_text("x 1.jpg 2\ny.jpg 0\n", encoding="utf-8")
    assert build(root, ann_file="list.txt").get_gt_labels().tolist() == [2, 0]
    assert build(root, ann_file="list.txt", classes=["u", "v", "w"]).metainfo["classes"] == ("u", "v", "w")
    write_classes(["17", "18", "19", "20"], root / "lists" / "names.txt")
    assert build(root, ann_file="list.txt", classes="lists/names.txt").metainfo["classes"] == ("17", "18", "19", "20")


def test_absolute_paths(root):
    (root / "abs.csv").write_text(f"image,label\n{root}/x.jpg,a\n", encoding="utf-8")
    dataset = OCRTextDataset(f"{root}/abs.csv", f"{root}/ocr", data_prefix="elsewhere/")
    assert dataset[0]["img_path"] == f"{root}/x.jpg"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ann_file": "no.csv"}, "no.csv: no such annotation file"),
        ({"ocr_file": "no ocr"}, r"no ocr: no OCR table \(a Parquet file or a folder of parts\)"),
        ({"classes": "no.txt"}, "no.txt: no such class list; it holds one class name per line"),
        (
            {"classes": ["a", "b"]},
            "train.csv: the label 'c' is neither one of the 2 class names nor an index from 0 to 1",
        ),
        ({"fraction": 0}, "OCRTextDataset: fraction is 0; give a part of the rows, above 0 and at most 1"),
        ({"fraction": 1.5}, "OCRTextDataset: fraction is 1.5; give a part of the rows"),
        (
            {"ground_truth_ratio": 0.5},
            "OCRTextDataset: ground_truth_ratio=0.5 mixes the labels with soft labels, but there is no soft_label_",
        ),
    ],
)
def test_faults_are_named(root, options, message):
    with pytest.raises(UserError, match=message):
        build(root, **options)


def test_fraction_takes_its_part_of_every_class(root):
    rows = [f"{i}.jpg {label}" for i, label in enumerate([0] * 40 + [1] * 8 + [2] * 4)]
    (root / "sorted.txt").write_text("\n".join(rows))
    dataset = build(root, ann_file="sorted.txt", fraction=0.25)
    assert np.bincount(dataset.get_gt_labels()).tolist() == [10, 2, 1]
    assert [dataset[i]["img_path"].rsplit("/", 1)[1] for i in (0, 1, 9, 10)] == ["0.jpg", "4.jpg", "36.jpg", "40.jpg"]
    order = np.random.default_rng(0).permutation(len(rows))
    (root / "mixed.txt").write_text("\n".join(rows[i] for i in order))
    assert np.bincount(build(root, ann_file="mixed.txt", fraction=0.25).get_gt_labels()).tolist() == [10, 2, 1]
    assert len(build(root, ann_file="mixed.txt", fraction=1e-9)) == 1


def test_fraction_of_an_unlabelled_list(root):
    (root / "plain.txt").write_text("\n".join(f"{i}.jpg" for i in range(10)))
    dataset = build(root, ann_file="plain.txt", fraction=0.3)
    assert [dataset[i]["img_path"].rsplit("/", 1)[1] for i in range(3)] == ["0.jpg", "3.jpg", "6.jpg"]


def test_weights(root):
    (root / "weights.csv").write_text("image,label,weight\nx.jpg,a,2\ny.jpg,b,0.5\nz.jpg,a,1\n")
    dataset = build(root, ann_file="weights.csv")
    assert [dataset[i]["sample_weight"] for i in range(3)] == [2, 0.5, 1]
    assert build(root, ann_file="weights.csv", indices=[1])[0]["sample_weight"] == 0.5
    (root / "wrong.csv").write_text("image,label,weight\nx.jpg,a,2\ny.jpg,b,-1\n")
    with pytest.raises(UserError, match=r"wrong.csv: data row 2 has '-1' as its weight; give a number >= 0"):
        build(root, ann_file="wrong.csv")


@pytest.fixture
def soft(root):
    """Soft labels of every image but 图 9.jpg."""
    scores = np.full((9, 3), 0.25, np.float32)
    scores[np.arange(9), np.arange(9) % 3] = 0.5
    path = root / "soft" / "teacher.parquet"
    images = [f"图 {i}.jpg" for i in range(9)]
    write_predictions(Predictions(images, scores, ("a", "b", "c"), seen=np.zeros(9, bool)), path)
    return path


def test_soft_labels(root, soft, warnings):
    dataset = build(root, soft_label_file="soft/teacher.parquet", ground_truth_ratio=0.5)
    assert dataset[7]["gt_label"] == 1
    assert dataset[7]["gt_score"].tolist() == [0.125, 0.75, 0.125]
    assert dataset[6]["gt_score"].tolist() == [0.25, 0.625, 0.125]  # label b, the teacher says a
    assert dataset[9]["gt_score"].tolist() == [0, 0, 1]
    assert [w.split(f" in {root}")[0] for w in warnings] == [f"1 of 10 images of {root}/train.csv have no soft label"]
    assert build(root, soft_label_file=str(soft), fraction=0.2)[1]["gt_score"].shape == (3,)


def test_soft_labels_are_mixed_seven_to_three(root, soft):
    target = build(root, soft_label_file=str(soft))[6]["gt_score"]
    np.testing.assert_allclose(target, [0.15, 0.775, 0.075], rtol=1e-6)


def test_pseudo_labels(root, soft):
    (root / "test.txt").write_text("图 4.jpg\n图 2.jpg\n图 1.jpg\n", encoding="utf-8")
    dataset = build(root, ann_file="test.txt", soft_label_file=str(soft), ground_truth_ratio=0)
    assert dataset.get_gt_labels().tolist() == [1, 2, 1] and dataset.get_cat_ids(1) == [2]
    assert dataset[1]["gt_score"].tolist() == [0.25, 0.25, 0.5]
    with pytest.raises(UserError, match="test.txt: has no labels to mix with .*teacher.parquet; set ground_truth_rat"):
        build(root, ann_file="test.txt", soft_label_file=str(soft))


def test_soft_labels_are_no_truth_to_test_on(root, soft):
    message = r"OCRTextDataset: soft_label_file='t.parquet' is for training; remove it where test_mode=True"
    with pytest.raises(UserError, match=message):
        build(root, soft_label_file="t.parquet", test_mode=True)


@pytest.mark.parametrize(
    "text",
    ["label\n{}.jpg,c|a\n{}.jpg,\n{}.jpg,a\n{}.jpg,b", "a,b,c\n{}.jpg,1,0,1\n{}.jpg,0,0,0\n{}.jpg,1,0,0\n{}.jpg,0,1,0"],
)
def test_multi_label(root, text):
    (root / "multi.csv").write_text("image," + text.format(0, 1, 2, 3) + "\n")
    dataset = build(root, ann_file="multi.csv", multi_label=True)
    assert [dataset[i]["gt_label"] for i in range(4)] == [[0, 2], [], [0], [1]]
    assert dataset.get_gt_labels().tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert [dataset.get_cat_ids(i) for i in range(4)] == [[0, 2], [], [0], [1]]
    assert dataset.metainfo == {"classes": ("a", "b", "c"), "multi_label": True}
    assert [build(root, ann_file="multi.csv", multi_label=True, indices=[3, 0])[i]["gt_label"] for i in (0, 1)] == [
        [1],
        [0, 2],
    ]


def test_multi_label_lists_unlabelled_and_of_one_label(root):
    assert build(root, multi_label=True)[9]["gt_label"] == [2]
    (root / "plain.csv").write_text("image\nx.jpg\n")
    dataset = build(root, ann_file="plain.csv", multi_label=True)
    assert "gt_label" not in dataset[0]
    with pytest.raises(UserError, match=r"plain.csv: has no labels"):
        dataset.get_gt_labels()


def test_fraction_takes_its_part_of_every_combination(root):
    labels = ["a|b"] * 8 + [""] * 4 + ["b"] * 8
    order = np.random.default_rng(0).permutation(20)
    (root / "m.csv").write_text("image,label\n" + "".join(f"{i}.jpg,{labels[i]}\n" for i in order))
    dataset = build(root, ann_file="m.csv", multi_label=True, fraction=0.25)
    assert sorted(dataset[i]["gt_label"] for i in range(5)) == [[], [0, 1], [0, 1], [1], [1]]


def test_soft_and_pseudo_labels_of_several_classes(root):
    scores = np.array([[0.5, 0.25, 0.75], [0.25, 0.125, 0]], np.float32)
    soft = Predictions(["x.jpg", "y.jpg"], scores, ("a", "b", "c"), predicted=scores >= 0.5)
    write_predictions(soft, root / "soft.parquet")
    (root / "m.csv").write_text("image,label\nx.jpg,a|b\ny.jpg,\n")
    dataset = build(root, ann_file="m.csv", multi_label=True, soft_label_file="soft.parquet", ground_truth_ratio=0.5)
    assert [dataset[i]["gt_score"].tolist() for i in (0, 1)] == [[0.75, 0.625, 0.375], [0.125, 0.0625, 0]]
    (root / "u.csv").write_text("image\ny.jpg\nx.jpg\n")
    dataset = build(root, ann_file="u.csv", multi_label=True, soft_label_file="soft.parquet", ground_truth_ratio=0)
    assert [dataset[i]["gt_label"] for i in (0, 1)] == [[], [0, 2]]


@pytest.mark.parametrize(("indices", "expected"), [(3, [0, 1, 2]), (-2, [8, 9]), ([7, 0], [7, 0])])
def test_indices_and_subsets(root, indices, expected):
    whole = build(root, ocr_file="ocr")
    images = [f"{root}/images/图 {i}.jpg" for i in expected]
    by_option = build(root, ocr_file="ocr", indices=indices)
    subset = whole.get_subset(indices)
    in_place = build(root, ocr_file="ocr")
    in_place.get_subset_(indices)
    for dataset in (by_option, subset, in_place):
        assert [dataset[i]["img_path"] for i in range(len(dataset))] == images
        assert dataset.get_gt_labels().tolist() == whole.get_gt_labels()[expected].tolist()
        assert dataset[0]["sample_idx"] == 0
    assert len(whole) == 10


def test_lazy_init_reads_nothing_until_asked(root):
    dataset = build(root, ann_file="train.csv", lazy_init=True)
    assert dataset.metainfo["classes"] == ("a", "b", "c")
    assert not dataset._fully_initialized
    assert dataset.get_cat_ids(9) == [2]
    assert len(dataset) == 10


def test_folds_are_disjoint_and_cover_all(root):
    config = {"type": "OCRTextDataset", "ann_file": "train.csv", "data_root": str(root), "ocr_file": "ocr"}
    folds = [
        DATASETS.build({"type": "KFoldDataset", "dataset": dict(config), "fold": i, "num_splits": 5, "test_mode": True})
        for i in range(5)
    ]
    images = [fold[i]["img_path"] for fold in folds for i in range(len(fold))]
    assert sorted(images) == [f"{root}/图 {i}.jpg" for i in range(10)]


def test_pickle_keeps_everything(root):
    dataset = pickle.loads(pickle.dumps(build(root, ocr_file="ocr", indices=[6, 7])))
    assert dataset[0]["ocr"].texts == ["牛奶 6", "milk"]
    assert dataset.get_gt_labels().tolist() == [1, 1]


class TextLength:
    """A pipeline of one step, for batches without images."""

    def __call__(self, results):
        length = torch.tensor([len(results["ocr"].texts)])
        return {"inputs": {"length": length, "label": torch.tensor(results["gt_label"])}}


def test_forked_workers_see_the_same_samples(root):
    dataset = build(root, ocr_file="ocr")
    dataset.pipeline = TextLength()
    sampler = DefaultSampler(dataset, shuffle=False)
    loader = DataLoader(
        dataset, 5, sampler=sampler, num_workers=2, multiprocessing_context="fork", collate_fn=default_collate
    )
    batches = [batch["inputs"] for batch in loader]
    assert torch.cat([batch["length"] for batch in batches]).flatten().tolist() == [2, 0] * 5
    assert torch.cat([batch["label"] for batch in batches]).tolist() == [0] * 6 + [1] * 3 + [2]


@pytest.fixture
def warned(tmp_path, monkeypatch, caplog):
    """Return the warnings for a pipeline that cuts with one tokenizer and looks up vectors of another."""
    (tmp_path / "words.txt").write_text("1 2\nmilk 1 0\n")
    convert_vectors(tmp_path / "words.txt", tmp_path / "store", trees=0)
    messages = []
    monkeypatch.setattr(
        "kdxf.datasets.ocr_text_dataset.print_log",
        lambda message, logger, level: messages.append(message) if level == logging.WARNING else None,
    )

    def warnings(cut_with, trained_with):
        look_up = LookUpWordVectors(str(tmp_path / "store"))
        look_up.vectors.meta = SimpleNamespace(tokenizer=trained_with)
        warn_of_other_tokenizer([TokenizeOCR(cut_with), look_up])
        return messages

    return warnings


def test_one_tokenizer_for_both(warned):
    assert warned({"type": "WordTokenizer"}, {"type": "WordTokenizer"}) == []


def test_defaults_and_the_size_of_the_cache_make_no_difference(warned):
    written_out = {"type": "WordTokenizer", "cache_size": 5, "normalize_units": False}
    assert warned({"type": "WordTokenizer"}, written_out) == []


def test_vectors_of_a_published_file_do_not_say(warned):
    assert warned({"type": "WordTokenizer"}, None) == []


def test_other_settings(warned):
    (message,) = warned({"type": "WordTokenizer"}, {"type": "WordTokenizer", "normalize_units": True})
    assert re.fullmatch(
        r".*store was trained on words of WordTokenizer\(normalize_units=True\), the config cuts with "
        r"WordTokenizer\(\): set the config's tokenizer, or train the vectors anew",
        message,
    )


def test_another_tokenizer(warned):
    (message,) = warned({"type": "WordTokenizer"}, {"type": "JiebaTokenizer", "user_dict": None})
    assert "trained on words of JiebaTokenizer(user_dict=None), the config cuts with WordTokenizer():" in message


def test_a_tokenizer_that_is_not_registered_here(warned):
    (message,) = warned({"type": "WordTokenizer"}, {"type": "MyTokenizer", "size": 3})
    assert "trained on words of MyTokenizer(size=3), the config cuts with WordTokenizer():" in message


def test_a_pipeline_without_word_vectors(monkeypatch):
    messages = []
    monkeypatch.setattr("kdxf.datasets.ocr_text_dataset.print_log", lambda message, **_: messages.append(message))
    warn_of_other_tokenizer([TokenizeOCR({"type": "WordTokenizer"})])
    assert messages == []


@pytest.fixture
def files_and_shards(root, draw):
    """The rows of ``train.csv`` as files below ``images``, and as members of two shards in ``shards``."""
    (root / "shards").mkdir()
    rows = ["image,label"]
    for i in range(10):
        draw(root / "images" / f"图 {i}.jpg", "white", width=i + 1)
        shard = root / "shards" / f"{i % 2}.tar"
        with tarfile.open(shard, "a") as archive:
            archive.add(root / "images" / f"图 {i}.jpg", f"a/图 {i}.jpg")
        rows.append(f"{shard.name}/a/图 {i}.jpg,{'aaaaaabbbc'[i]}")
    (root / "shards.csv").write_text("\n".join(rows), encoding="utf-8")
    return root


def test_members_of_tar_shards_are_the_same_samples_as_files(files_and_shards):
    pipeline = [{"type": "LoadImage"}, {"type": "Resize", "scale": (8, 8)}, {"type": "PackImageTextInputs"}]
    files = build(files_and_shards, pipeline=pipeline)
    shards = build(files_and_shards, pipeline=pipeline, ann_file="shards.csv", data_prefix="shards")
    for workers in (0, 2):
        loaded = [
            list(DataLoader(dataset, 4, num_workers=workers, collate_fn=default_collate)) for dataset in (files, shards)
        ]
        for one, other in zip(*loaded, strict=True):
            assert torch.equal(one["inputs"]["img"], other["inputs"]["img"])
            for left, right in zip(one["data_samples"], other["data_samples"], strict=True):
                assert left.gt_label == right.gt_label and left.ori_shape == right.ori_shape
                assert right.metainfo["error"] is None


def test_a_compressed_shard_is_refused(files_and_shards):
    shard = files_and_shards / "shards" / "0.tar"
    shard.with_suffix(".tar.gz").write_bytes(gzip.compress(shard.read_bytes()))
    (files_and_shards / "z.csv").write_text("image,label\n0.tar.gz/a/图 0.jpg,a\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"shards/0.tar.gz: is compressed, and a dataset reads pictures in any order"):
        build(files_and_shards, ann_file="z.csv", data_prefix="shards")


def test_columns_are_handed_on_as_written(root):
    (root / "t.csv").write_text("image,label,price,code\n1.jpg,a,2.50,007\n2.jpg,b,,1\n3.jpg,a,3,2\n")
    dataset = build(root, ann_file="t.csv", columns=["code", "price"])
    assert dataset[1]["columns"] == {"code": "1", "price": None}
    assert [dataset[row]["columns"]["price"] for row in (0, 2)] == ["2.50", "3"]
    kept = build(root, ann_file="t.csv", columns=["code"], fraction=0.7)
    assert [kept[row]["columns"]["code"] for row in range(len(kept))] == ["007", "2"]
    with pytest.raises(UserError, match="t.csv: has no column 'shop' .found: image, label, price, code.; correct the"):
        build(root, ann_file="t.csv", columns=["shop"])
