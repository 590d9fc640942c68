import pytest

from kdxf.apis.train import train
from kdxf.data.table.fit import fit_columns
from kdxf.datasets import OCRTextDataset
from kdxf.engine import training_checks
from kdxf.engine.config import load_config
from kdxf.engine.training_checks import _warn_of_columns
from kdxf.errors import UserError
from kdxf_runtime.table_columns import NumberColumn, TableColumns


def error_of(config, **options):
    with pytest.raises(UserError) as raised:
        train(load_config(config, {key.replace("__", "."): value for key, value in options.items()}))
    return str(raised.value)


def test_too_few_images_for_a_batch(tiny_config):
    assert error_of(tiny_config, train_dataloader__batch_size=25, train_dataloader__drop_last=True) == (
        "train_dataloader: 24 images make no batch of 25; lower batch_size, set drop_last=False, or take more images"
    )


WARM_UP = [{"type": "LinearLR", "end": 3}, {"type": "CosineAnnealingLR", "begin": 3, "convert_to_iter_based": True}]


@pytest.mark.parametrize("epochs", [2, 3])
def test_a_schedule_after_the_end(tiny_config, epochs):
    assert error_of(tiny_config, param_scheduler=WARM_UP, train_cfg__max_epochs=epochs) == (
        f"param_scheduler: CosineAnnealingLR begins after 3 epochs, but training ends after max_epochs={epochs}: raise "
        "max_epochs above 3, or shorten the warm-up before it"
    )


def test_a_schedule_by_iterations_after_the_end(tiny_config):
    last = {"type": "ConstantLR", "begin": 6, "by_epoch": False}  # 2 epochs of 3 batches
    assert "ConstantLR begins after 6 iters, but training ends after max_iters=6: raise max_iters above 6" in error_of(
        tiny_config, param_scheduler=last
    )


def test_other_numbers_of_classes(tiny_config):
    for count in (2, 4):
        assert error_of(tiny_config, model__head__num_classes=count) == (
            f"model.head has num_classes={count}, but train_dataloader has 3 classes (blue, green 绿, red): set "
            "num_classes=3, or correct dataset.classes"
        )


LOADER = {"batch_size": 8, "num_workers": 0, "sampler": {"type": "DefaultSampler", "shuffle": True}}


def test_colours_that_nothing_would_change(tiny_config):
    jitter = {"type": "kdxf.ColorJitter", "brightness": 0.5, "backend": "cv2", "on_device": True}
    for pack in ("PackInputs", "kdxf.PackImageTextInputs"):
        pipeline = [{"type": "LoadImageFromFile"}, jitter, {"type": pack}]
        own = {**load_config(tiny_config).train_dataloader.dataset, "pipeline": pipeline}
        for dataset in (own, {"type": "ConcatDataset", "datasets": [own, own]}):
            assert error_of(tiny_config, train_dataloader={"_delete_": True, **LOADER, "dataset": dataset}) == (
                "ColorJitter: on_device=True needs PackImageTextInputs at the end of the pipeline and "
                f"ImageTextDataPreprocessor in the model, not {pack.removeprefix('kdxf.')} and ClsDataPreprocessor; "
                "leave on_device out"
            )


def test_validation_data_with_other_names(tiny_config, five_class_images):
    message = error_of(tiny_config, val_dataloader__dataset__data_root=str(five_class_images))
    assert message.startswith(
        "class 3 is 'violet' in val_dataloader, and missing in train_dataloader: both need the same"
    )


def test_a_key_that_nothing_reads(tiny_config):
    cfg = load_config(tiny_config)
    cfg.val_cfg = {"fp61": True}
    with pytest.raises(
        UserError, match=r"^config .*tiny.py: val_cfg.fp61: val_cfg has no 'fp61'; did you mean 'fp16'\?$"
    ):
        train(cfg)


def test_columns_that_give_the_label_away_and_a_table_of_another_list(tmp_path, monkeypatch):
    rows = [f"{n}.jpg,{'xy'[n % 2]},s{n % 2}" for n in range(40)]
    (tmp_path / "t.csv").write_text("image,label,shelf\n" + "\n".join(rows) + "\n")
    fitted = fit_columns(tmp_path / "t.csv", ["shelf"])
    for source, count in (({**fitted.source, "sha256": "0"}, 2), (fitted.source, 1)):
        TableColumns(fitted.columns, source).save(tmp_path / "t.json")
        pipeline = [
            {"type": "kdxf.EncodeTable", "file": str(tmp_path / "t.json")},
            {"type": "kdxf.PackImageTextInputs"},
        ]
        dataset = OCRTextDataset(str(tmp_path / "t.csv"), classes=["x", "y"], columns=["shelf"], pipeline=pipeline)
        lines = []
        monkeypatch.setattr(training_checks, "print_log", lambda line, lines=lines, **_: lines.append(line))
        _warn_of_columns(dataset)
        assert len(lines) == count and "the column 'shelf' alone names the class of 100% of the images" in lines[0]
    assert dataset[0]["inputs"]["table"].tolist() == [1, 0, 0]


def test_the_table_of_another_list_is_named(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("image,label,price\n" + "".join(f"{n}.jpg,x,{n % 3}\n" for n in range(9)))
    TableColumns((NumberColumn("price"),), {"list": "old.csv", "sha256": "", "rows": 3}).save(tmp_path / "t.json")
    steps = [{"type": "kdxf.EncodeTable", "file": str(tmp_path / "t.json")}]
    dataset = OCRTextDataset(str(tmp_path / "t.csv"), classes=["x"], columns=["price"], pipeline=steps)
    said = []
    monkeypatch.setattr(training_checks, "print_log", lambda line, **_: said.append(line))
    _warn_of_columns(dataset)
    assert said == [
        f"{tmp_path / 't.csv'}: {tmp_path / 't.json'} was fitted on another list (old.csv, 3 rows) than is trained on; "
        "fit it on this one with tools/table.py"
    ]


def test_a_metric_that_would_keep_too_much(tiny_config, monkeypatch):
    monkeypatch.setattr("kdxf.evaluation.metrics.ranking_metrics.MOST_BYTES", 11)
    assert error_of(tiny_config, val_evaluator={"type": "MeanROCAUC", "topk": None}).startswith(
        "MeanROCAUC: 12 images of 3 classes"
    )
