"""What more than one model is worth: folds, self-distillation, ensembles, views and pseudo-labels on grocery.

Data     data/grocery, as configs/grocery/moe_r18.py lays it out
Run      python tools/recipes/run.py configs/grocery/pipeline.py
Result   table.md in work; not measured
"""

data = "data/grocery"
work = "work_dirs/grocery/pipeline"
epochs = "12"
long_epochs = "60"  # of one model, as many steps as five folds take
configs = "configs/grocery/craft"
fused = "{configs}/arcface.py"
options = ""  # more settings of every model
inputs = ["{data}/train.csv", "{data}/val.csv", "{data}/ocr", "{data}/vectors"]
# Lists and targets of training lie in work, everything else in data.
places = " ".join(
    f"train_dataloader.dataset.{setting}"
    for setting in ("data_root=", "data_prefix={data}/images", "classes={data}/classes.txt", "ocr_file={data}/ocr")
)
settings = (
    "train_cfg.max_epochs={epochs} train_cfg.val_interval={epochs} default_hooks.checkpoint.save_best=None "
    "default_hooks.checkpoint.max_keep_ckpts=1 {places} {options}"
)


def single(
    name: str,
    config: str,
    train: str = "{data}/train.csv",
    soft: str | None = None,
    epochs: str = "{epochs}",
    tta: bool = True,
) -> dict[str, object]:
    """Give the stage that trains one model and predicts val."""
    folder = f"{{work}}/{name}"
    chosen = f"--work-dir {folder} --cfg-options {{settings}} train_dataloader.dataset.ann_file={train}"
    chosen += f" train_cfg.max_epochs={epochs}"
    if soft is not None:
        chosen += f" train_dataloader.dataset.soft_label_file={soft}"
    test = f"tools/test.py {config} {folder}/epoch_{epochs}.pth {chosen}"
    views = [f"{test} --out {folder}/val_tta.parquet --tta"] if tta else []
    return dict(
        name=name,
        run=[f"tools/train.py {config} --resume {chosen}", f"{test} --out {folder}/val.parquet", *views],
        inputs=[*inputs, train, *([soft] if soft is not None else [])],
        outputs=folder,
    )


def folds(name: str, soft: str | None = None) -> dict[str, object]:
    """Give the stage that trains five folds and predicts val with the mean of their models."""
    chosen = "" if soft is None else f"train_dataloader.dataset.soft_label_file={soft}"
    return dict(
        name=name,
        run=f"tools/recipes/kfold.py {{fused}} --folds {{work}}/lists --work-dir {{work}}/{name} "
        f"--predict holdout={{data}}/val.csv --cfg-options {{settings}} {chosen}",
        inputs=["{work}/lists", *inputs, *([soft] if soft is not None else [])],
        outputs=f"{{work}}/{name}",
    )


def mean(name: str, *files: str) -> dict[str, object]:
    """Give the stage that averages files of predictions."""
    paths = [f"{{work}}/{file}.parquet" for file in files]
    out = f"{{work}}/{name}.parquet"
    return dict(
        name=name,
        run=f"tools/recipes/ensemble.py {' '.join(paths)} --out {out} --overwrite",
        inputs=paths,
        outputs=out,
    )


rows = {
    "one model": "single/val",
    "one model, views": "single/val_tta",
    "one model, five times as long": "long/val",
    "one model, five times as long, views": "long/val_tta",
    "five folds": "folds/holdout",
    "one distilled model": "distilled/val",
    "one distilled model, views": "distilled/val_tta",
    "five distilled folds": "folds_distilled/holdout",
    "folds and distilled folds": "both",
    "image alone": "image/val",
    "text alone": "text/val",
    "image and text, mean": "image_text",
    "one model, half of the labels": "half/val",
    "the same and pseudo-labels": "half_pseudo/val",
}
stages = [
    dict(
        name="lists",
        run="tools/data/kfold.py {data}/train.csv --root {data}/images --out {work}/lists --lists --overwrite",
        inputs="{data}/train.csv",
        outputs="{work}/lists",
    ),
    dict(
        name="halves",
        run="tools/data/split.py {data}/train.csv --root {data}/images --split 0.5 --out {work}/halves --overwrite",
        inputs="{data}/train.csv",
        outputs="{work}/halves",
    ),
    single("single", "{fused}"),
    single("image", "{configs}/image.py"),
    single("text", "{configs}/text.py", tta=False),
    single("half", "{fused}", train="{work}/halves/train.csv", tta=False),
    folds("folds"),
    dict(
        name="soft-labels",
        run="tools/recipes/soft_labels.py {work}/folds/oof.parquet --ground-truth-ratio 0.7 --out {work}/soft.parquet "
        "--overwrite",
        inputs="{work}/folds/oof.parquet",
        outputs="{work}/soft.parquet",
    ),
    single("distilled", "{fused}", soft="{work}/soft.parquet"),
    folds("folds_distilled", soft="{work}/soft.parquet"),
    single("long", "{fused}", epochs="{long_epochs}"),
    dict(
        name="pseudo-labels",
        run=[
            "tools/test.py {fused} {work}/half/epoch_{epochs}.pth --work-dir {work}/half --out {work}/hidden.parquet "
            "--cfg-options test_dataloader.dataset.ann_file={work}/halves/val.csv test_dataloader.dataset.data_root= "
            "test_dataloader.dataset.data_prefix={data}/images test_dataloader.dataset.classes={data}/classes.txt "
            "test_dataloader.dataset.ocr_file={data}/ocr",
            "tools/recipes/pseudo_label.py {work}/hidden.parquet --train {work}/halves/train.csv --threshold 0.7 "
            "--out {work}/pseudo.csv --overwrite",
        ],
        inputs=["{work}/half", "{work}/halves"],
        outputs=["{work}/hidden.parquet", "{work}/pseudo.csv"],
    ),
    single("half_pseudo", "{fused}", train="{work}/pseudo.csv", tta=False),
    mean("image_text", "image/val", "text/val"),
    mean("both", "folds/holdout", "folds_distilled/holdout"),
    dict(
        name="table",
        run="tools/recipes/score.py {fused} "
        + " ".join(f"'{name}={{work}}/{file}.parquet'" for name, file in rows.items())
        + " --out {work}/table.md",
        inputs=[f"{{work}}/{file}.parquet" for file in rows.values()],
        outputs="{work}/table.md",
    ),
]
