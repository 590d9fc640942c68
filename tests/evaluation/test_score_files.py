import numpy as np
import pandas as pd
import pytest
from mmengine.config import Config
from scipy.stats import binom

from kdxf.errors import UserError
from kdxf.evaluation.score_files import bootstrap, score


def test_a_share_is_binomial():
    right = np.arange(200) < 140  # of 200 images drawn again, Binomial(200, 0.7) are right
    low, high = bootstrap(lambda rows: right[rows].mean(), 200)
    assert abs(low - binom.ppf(0.025, 200, 0.7) / 200) <= 0.01 and abs(high - binom.ppf(0.975, 200, 0.7) / 200) <= 0.01
    assert bootstrap(lambda rows: right[rows].mean(), 200) == (low, high)


def test_all_values_are_of_the_same_images():
    one = np.random.default_rng(1).random(50)

    def values(rows):
        first, second = one[rows].mean(), (one + 1)[rows].mean()
        return [[first, second], [second - first, np.nan if rows[0] % 2 else 3]]

    low, high = bootstrap(values, 50)
    assert low.shape == high.shape == (2, 2) and low[0, 0] < one.mean() < high[0, 0]
    np.testing.assert_allclose([low[1], high[1]], [[1, 3], [1, 3]])


ACCURACY = {"type": "Accuracy", "topk": (1,)}
RIGHT, WRONG = [0.75, 0.25], [0.25, 0.75]


@pytest.fixture
def board(write):
    """Scores models, each given as what it says of four images of class 0, and other facts."""

    def board(**models):
        files = {
            name: write(name, scores, **{"labels": [0] * len(scores), **facts})
            for name, (scores, facts) in models.items()
        }
        return score(Config({"val_evaluator": ACCURACY}), files)

    return board


def test_side_by_side(board):
    found = board(one=([RIGHT, RIGHT, RIGHT, RIGHT], {}), two=([RIGHT, RIGHT, WRONG, WRONG], {}))
    table = found.table
    assert table["name"].tolist() == ["one", "two"] and table["images"].tolist() == [4, 4]
    assert table["accuracy/top1"].tolist() == [100, 50]
    # of four images drawn again none to four are wrong of two's, with probability 1/16, 4/16, 6/16, 4/16, 1/16
    assert table[["top-1 from", "top-1 to"]].values.tolist() == [[100, 100], [0, 100]]
    assert table["gain"].tolist()[1:] == [-50] and table[["gain from", "gain to"]].values.tolist()[1] == [-100, 0]
    assert table[["gain", "gain from", "gain to"]].loc[0].isna().all()
    assert found.markdown().splitlines()[:4] == [
        "| name | images | accuracy/top1 | top-1, 95 % | top-1 against one, 95 % |",
        "| --- | --- | --- | --- | --- |",
        "| one | 4 | 100.00 | 100.00 to 100.00 |  |",
        "| two | 4 | 50.00 | 0.00 to 100.00 | -50.00 (-100.00 to +0.00) |",
    ]


def test_class_by_class(write):
    """Class x: two images; class y: one; z has none. The class where the files differ comes first."""
    labels = [0, 0, 1]
    sure = np.eye(3)[[0, 0, 1]]
    files = {
        "image": write("image", sure[[2, 0, 2]], labels),
        "both": write("both", sure, labels),
    }
    found = score(Config({"val_evaluator": ACCURACY}), files)
    assert found.classes.to_dict("list") == {
        "class": ["x", "y"],
        "images": [2, 1],
        "image": [50, 100],
        "both": [100, 100],
    }
    turned = score(Config({"val_evaluator": ACCURACY}), {
        "image": write("image2", sure[[0, 0, 0]], labels), "both": files["both"],
    })  # fmt: skip
    assert turned.classes_markdown() == (
        "| class | images | image | both |\n| --- | --- | --- | --- |\n| y | 1 | 0 | 100 |\n| x | 2 | 100 | 100 |\n"
    )


def test_images_are_paired_in_any_order(board):
    scores = [RIGHT, WRONG, RIGHT, WRONG]
    found = board(one=(scores, {}), two=(scores, {"order": [3, 1, 0, 2]})).table
    assert found[["gain", "gain from", "gain to"]].values[1].tolist() == [0, 0, 0]


def test_one_file_has_nothing_to_be_compared_with(board):
    found = board(one=([RIGHT, WRONG], {"seen": [0, 0]}))
    assert found.markdown() == (
        "| name | images | accuracy/top1 | top-1, 95 % |\n| --- | --- | --- | --- |\n"
        "| one | 2 | 50.00 | 0.00 to 100.00 |\n"
    )


def test_all_metrics_of_the_config(write):
    cfg = Config({"val_evaluator": [ACCURACY, {"type": "CalibrationError", "num_bins": 1}, {"type": "MeanROCAUC"}]})
    found = score(cfg, {"a": write("a", [RIGHT, RIGHT, RIGHT, RIGHT], labels=[0, 1, 0, 0])})
    assert found.table[["accuracy/top1", "calibration/ece"]].values.tolist() == [[75, 0]]
    alone = score(cfg, {"b": write("b", [RIGHT], labels=[0])})  # one class alone has no ROC curve
    assert "roc-auc/mean" in alone.table and " nan " not in alone.markdown()


def test_stages_stand_for_the_last(write):
    stages = [{"name": "one"}, {"name": "two", "val_evaluator": {"_delete_": True, "type": "MeanClassAccuracy"}}]
    cfg = Config({"work_dir": "work", "val_evaluator": ACCURACY, "stages": stages})
    found = score(cfg, {"a": write("a", [RIGHT, WRONG], labels=[0, 1])})
    assert [name for name in found.table if "/" in name] == ["per-class/mean_accuracy", "per-class/mean_error"]


def test_several_labels_have_no_intervals(write):
    cfg = Config({"val_evaluator": {"type": "AveragePrecision"}})
    truth = [[1, 0], [0, 1]]
    files = {name: write(name, [RIGHT, WRONG], truth, predicted=truth, seen=[0, 0]) for name in ("a", "b")}
    found = score(cfg, files)
    assert list(found.table.columns) == ["name", "images", "trained on", "multi-label/mAP"]
    assert found.markdown().splitlines()[2:] == ["| a | 2 | 100.00 |", "| b | 2 | 100.00 |"]
    with pytest.raises(UserError, match="--per-class: these predictions have several labels per image"):
        found.classes_markdown()


def test_trained_images_and_ranks_are_named(board):
    scores = [RIGHT, WRONG, RIGHT]
    found = board(
        honest=(scores, {"seen": [0, 0, 0]}),
        seen=(scores, {"seen": [0, 1, 1]}),
        mute=(scores, {}),
        ranks=(scores, {"source": {"mean": "rank"}}),
    )
    assert found.table["trained on"].tolist() == [0, 2, pd.NA, pd.NA]
    assert found.markdown().split("\n\n")[1:] == [
        "seen: its model was trained on 2 of these 3 images, so its scores are too high.",
        "Not known is which images the models were trained on of: mute, ranks.",
        "Ranks, no probabilities, are the scores of: ranks; only metrics that go class by class (ROC-AUC, average "
        "precision) are right for them.\n",
    ]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (dict(labels=None), "b.parquet: has no labels to score by; predict a labelled list"),
        (dict(labels=[0, -1]), "b.parquet: 1 of its 2 images have no label, such as 1.jpg; predict a lab"),
        (dict(labels=[0, 1]), "b.parquet and .*a.parquet give 1.jpg different labels; predict the same"),
        (dict(classes=("y", "x")), "b.parquet and .*a.parquet have different classes: class 0 is 'y' in"),
        (
            dict(source={"ground_truth_ratio": 0.7}),
            "b.parquet: holds targets, with the ground truth in them; give predictions",
        ),
    ],
)
def test_what_cannot_be_compared(board, facts, message):
    with pytest.raises(UserError, match=message):
        board(a=([RIGHT, RIGHT], {}), b=([RIGHT, RIGHT], facts))


def test_other_images(board):
    with pytest.raises(UserError, match=r"b.parquet lacks 1 images that the other of .* has, such as 2.jpg; predict"):
        board(a=([RIGHT, RIGHT, WRONG], {}), b=([RIGHT, RIGHT], {}))
