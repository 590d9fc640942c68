import json
import shutil

import pytest

from kdxf.errors import UserError
from kdxf.recipes.folds.plan import SETTINGS, chosen_folds, plan_folds


def test_each_fold_has_its_lists_and_the_class_names(folds_lab, tmp_path):
    folds = plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work", seed=1)
    assert [fold.number for fold in folds] == [0, 1, 2]
    for number, fold in enumerate(folds):
        assert fold.folder == tmp_path / "work" / f"fold_{number}"
        for loader, name in (("train_dataloader", "train.csv"), ("val_dataloader", "val.csv")):
            dataset = fold.cfg[loader].dataset
            assert dataset.ann_file == str(folds_lab.lists / f"fold_{number}" / name)
            assert dataset.classes == str(folds_lab.lists / "classes.txt")
    assert len({fold.digest for fold in folds}) == 3


def test_settings_do_not_know_places(folds_lab, tmp_path):
    folds = plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work")
    folds_lab.lists.rename(tmp_path / "elsewhere")
    again = plan_folds(folds_lab.config, tmp_path / "elsewhere", tmp_path / "moved")
    assert [fold.settings for fold in again] == [fold.settings for fold in folds]


def test_changed_settings_are_named(folds_lab, tmp_path):
    fold = plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work")[0]
    fold.check_settings()
    fold.write_settings()
    fold.check_settings()
    note = json.loads((fold.folder / SETTINGS).read_text())
    (fold.folder / SETTINGS).write_text(json.dumps({**note, "val.csv": "other", "--seed": 7}))
    message = (
        r"fold_0 holds a fold with other settings \(val.csv and --seed changed\); remove it, or choose another --work"
    )
    with pytest.raises(UserError, match=message):
        fold.check_settings()


def test_files_of_other_contents_are_named(folds_lab, tmp_path):
    soft, start = tmp_path / "soft.parquet", tmp_path / "start.pth"
    soft.write_text("soft"), start.write_text("start")
    options = {"train_dataloader.dataset.soft_label_file": str(soft), "load_from": str(start)}

    def fold():
        return plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work", options)[0]

    first = fold()
    assert set(first.files) == {"soft_label_file", "load_from", "classes", "data_prefix"}
    first.write_settings()
    soft.write_text("soft")  # made again as it was
    fold().check_settings()
    soft.write_text("other")
    message = r"fold_0 holds a fold with other settings \(soft_label_file changed\); remove it, or choose"
    with pytest.raises(UserError, match=message):
        fold().check_settings()
    start.write_text("other")
    with pytest.raises(UserError, match=r"\(soft_label_file and load_from changed\); remove it"):
        fold().check_settings()
    # Folds are gathered where the files of the training are not.
    soft.unlink(), start.unlink()
    fold().check_settings()
    fold().write_settings()  # forgets nothing of them
    start.write_text("other")
    with pytest.raises(UserError, match=r"\(load_from changed\); remove it"):
        fold().check_settings()


def test_replaced_pictures_are_noticed(folds_lab, tiny_images, tmp_path):
    images = tmp_path / "images"
    shutil.copytree(tiny_images / "train", images)
    options = {f"{loader}.dataset.data_prefix": str(images) for loader in ("train_dataloader", "val_dataloader")}

    def fold():
        return plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work", options)[0]

    fold().write_settings()
    (images / "new.png").touch()
    fold().check_settings()
    shutil.copy(images / "blue" / "0.png", images / "red" / "0.png")
    with pytest.raises(UserError, match=r"fold_0 holds a fold with other settings \(data_prefix changed\); remove it"):
        fold().check_settings()
    # Folds are gathered where the pictures are not, and what was noted without them stays valid.
    shutil.rmtree(images)
    fold().check_settings()


def test_a_list_with_an_image_twice(folds_lab, tmp_path):
    for name in ("train.csv", "val.csv"):
        path = folds_lab.lists / "fold_1" / name
        path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
        if name == "train.csv":  # oversampled
            plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work")
    with pytest.raises(
        UserError, match="fold_1/val.csv: blue/1.png stands there twice; each image has one prediction, so remove the"
    ):
        plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work")


def test_lists_that_leak(folds_lab, tmp_path):
    def plan():
        plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work")

    val = folds_lab.lists / "fold_2" / "val.csv"
    kept = val.read_text()
    val.write_text(kept + "blue/0.png,blue\n")
    with pytest.raises(
        UserError, match="fold_2: blue/0.png stands in train.csv and in val.csv; a fold must not see what"
    ):
        plan()
    train = folds_lab.lists / "fold_2" / "train.csv"
    train.write_text(train.read_text().replace("blue/0.png,blue\n", ""))
    with pytest.raises(UserError, match="fold_2 and .*fold_0 both validate blue/0.png; folds must not overlap$"):
        plan()
    val.unlink()
    with pytest.raises(UserError, match="fold_2: there is no val.csv; tools/data/kfold.py --lists writes both lists$"):
        plan()
    with pytest.raises(
        UserError, match="work: has no folders fold_0, fold_1, ...; tools/data/kfold.py --lists makes th"
    ):
        plan_folds(folds_lab.config, tmp_path / "work", tmp_path / "work")


def test_configs_that_cannot_be_folded(folds_lab, tmp_path):
    def plan(**options):
        plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work", options)

    with pytest.raises(
        UserError, match="folds.py has no validation set to predict: it needs val_dataloader, val_evaluat"
    ):
        plan(val_evaluator=None)
    stages = [{"name": "one"}, {"name": "two", "train_dataloader.dataset.ann_file": "all.csv"}]
    with pytest.raises(
        UserError, match="^--folds: the stage 'two' has another list in its train_dataloader, where images"
    ):
        plan(stages=stages)
    plan(stages=stages[:1])


def test_folds_by_number(folds_lab, tmp_path):
    folds = plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work")
    assert chosen_folds(folds, []) == folds
    assert chosen_folds(folds, [2, 0, 2]) == [folds[2], folds[0]]
    with pytest.raises(UserError, match=r"^--fold 3: there are the folds 0, 1, 2$"):
        chosen_folds(folds, [3])


@pytest.mark.parametrize(
    ("options", "name"),
    [({"amp": True}, "--amp"), ({"seed": 1}, "--seed"), ({"options": {"train_cfg.max_epochs": 3}}, "the config")],
)
def test_other_options_are_other_settings(folds_lab, tmp_path, options, name):
    def plan(**options):
        return plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work", **options)[0]

    plan().write_settings()
    plan().check_settings()
    with pytest.raises(UserError, match=rf"fold_0 holds a fold with other settings \({name} changed\); remove it"):
        plan(**options).check_settings()
