"""What folds, self-distillation, ensembles, test-time views and pseudo-labels gain on grocery.

Data     data/grocery, by the commands in configs/grocery/moe_r18.py
Run      python tools/recipes/run.py configs/grocery/pipeline.py
Result   table.md and against_long.md in work; docs/recipes.md has them: one model 43.6 % top-1, trained five times as
         long 50.0 %, five folds 42.9 %; 65 minutes on two Xeon cores, by two parallel calls that shared the stages
"""

data = "data/grocery"
work = "work_dirs/grocery/pipeline"
epochs = "12"
long_epochs = "60"  # one model, in the time of five folds
half_epochs = "24"  # half of the labels, for as many steps as all labels take
configs = "configs/grocery/craft"
fused = "{configs}/arcface.py"
options: list[str] = []  # more settings of every model
inputs = ["{data}/train.csv", "{data}/val.csv", "{data}/ocr", "{data}/vectors"]
# Training lists and targets are in work, everything else in data.
settings = [
    "train_cfg.max_epochs={epochs}",
    "train_cfg.val_interval={epochs}",
    "default_hooks.checkpoint.save_best=None",
    "default_hooks.checkpoint.max_keep_ckpts=1",
    "train_dataloader.dataset.data_root=",
    "train_dataloader.dataset.data_prefix={data}/images",
    "train_dataloader.dataset.classes={data}/classes.txt",
    "train_dataloader.dataset.ocr_file={data}/ocr",
    "{options}",
]


def train(
    name: str,
    config: str = "{fused}",
    list_: str = "{data}/train.csv",
    soft: str | None = None,
    epochs: str = "{epochs}",
) -> dict[str, object]:
    """Return the stage that trains one model."""
    chosen = f"{{settings}} train_dataloader.dataset.ann_file={list_} train_cfg.max_epochs={epochs}"
    if soft is not None:
        chosen += f" train_dataloader.dataset.soft_label_file={soft}"
    return dict(
        name=name,
        run=f"tools/train.py {config} --resume --work-dir {{work}}/{name} --cfg-options {chosen}",
        inputs=[*inputs, list_, *([soft] if soft is not None else [])],
        outputs=f"{{work}}/{name}",
    )


def predict(name: str, config: str = "{fused}", epochs: str = "{epochs}") -> dict[str, object]:
    """Return the stage that predicts val with one model, with and without test-time views."""
    test = f"tools/test.py {config} {{work}}/{name}/epoch_{epochs}.pth --work-dir {{work}}/tests --out {{work}}"
    return dict(
        name=f"{name} on val",
        run=[f"{test}/val/{name}.parquet", f"{test}/views/{name}.parquet --tta"],
        inputs=[f"{{work}}/{name}", *inputs],
        outputs=[f"{{work}}/val/{name}.parquet", f"{{work}}/views/{name}.parquet"],
    )


def folds(name: str, soft: str | None = None) -> dict[str, object]:
    """Return the stage that trains five folds."""
    chosen = "" if soft is None else f"train_dataloader.dataset.soft_label_file={soft}"
    return dict(
        name=name,
        run=f"tools/recipes/kfold.py {{fused}} --folds {{work}}/lists --work-dir {{work}}/{name} "
        f"--cfg-options {{settings}} {chosen}",
        inputs=["{work}/lists", *inputs, *([soft] if soft is not None else [])],
        outputs=f"{{work}}/{name}",
    )


def predict_folds(name: str) -> dict[str, object]:
    """Return the stage that predicts val with the models of five folds and averages them."""
    run, outputs = [], []
    for kind, views in (("val", ""), ("views", "--tta")):
        files = [f"{{work}}/{kind}/{name}_{fold}.parquet" for fold in range(5)]
        run += [
            f"tools/test.py {{fused}} {{work}}/{name}/fold_{fold}/epoch_{{epochs}}.pth --work-dir {{work}}/tests "
            f"--out {file} {views}"
            for fold, file in enumerate(files)
        ]
        outputs += [f"{{work}}/{kind}/{name}.parquet"]
        run += [f"tools/recipes/ensemble.py {' '.join(files)} --out {outputs[-1]} --overwrite"]
    return dict(name=f"{name} on val", run=run, inputs=[f"{{work}}/{name}", *inputs], outputs=outputs)


def mean(name: str, weights: dict[str, float]) -> dict[str, object]:
    """Return the stage that averages models with the given weights, with and without views."""
    run, inputs, outputs = [], [], []
    for kind in ("val", "views"):
        files = {model: f"{{work}}/{kind}/{model}.parquet" for model in weights}
        groups = " ".join(f"--group {model} {file}" for model, file in files.items())
        shares = " ".join(f"{model}={share}" for model, share in weights.items())
        inputs += files.values()
        outputs += [f"{{work}}/{kind}/{name}.parquet"]
        run += [f"tools/recipes/ensemble.py {groups} --weights {shares} --out {outputs[-1]} --overwrite"]
    return dict(name=name, run=run, inputs=inputs, outputs=outputs)


rows = {
    "one model": "single",
    "one model, five times as long": "long",
    "five folds": "folds",
    "one distilled model": "distilled",
    "five distilled folds": "folds_distilled",
    "folds and distilled folds": "both",
    "image alone": "image",
    "text alone": "text",
    "image 0.6, text 0.4": "image_text",
    "half of the labels": "half",
    "half of the labels, twice as long": "half_long",
    "half of the labels and pseudo-labels": "half_pseudo",
}
files = {name: f"val/{file}" for name, file in rows.items()}
files |= {f"{name}, views": f"views/{file}" for name, file in rows.items()}


def table(first: str, out: str) -> str:
    """Return the command that scores all models and compares each with the first."""
    others = [name for name in files if name != first]
    named = " ".join(f"'{name}={{work}}/{files[name]}.parquet'" for name in (first, *others))
    return f"tools/recipes/score.py {{fused}} {named} --out {out}"


stages = [
    dict(
        name="lists",
        run="tools/data/kfold.py {data}/train.csv --root {data}/images --out {work}/lists --lists --overwrite",
        inputs=["{data}/train.csv", "{data}/images"],
        outputs="{work}/lists",
    ),
    dict(
        name="halves",
        run="tools/data/split.py {data}/train.csv --root {data}/images --split 0.5 --out {work}/halves --overwrite",
        inputs=["{data}/train.csv", "{data}/images"],
        outputs="{work}/halves",
    ),
    train("single"),
    predict("single"),
    train("image", "{configs}/image.py"),
    predict("image", "{configs}/image.py"),
    train("text", "{configs}/text.py"),
    predict("text", "{configs}/text.py"),
    mean("image_text", {"image": 0.6, "text": 0.4}),
    folds("folds"),
    predict_folds("folds"),
    dict(
        name="soft-labels",
        run="tools/recipes/soft_labels.py {work}/folds/oof.parquet --ground-truth-ratio 0.7 --out {work}/soft.parquet "
        "--overwrite",
        inputs="{work}/folds/oof.parquet",
        outputs="{work}/soft.parquet",
    ),
    train("distilled", soft="{work}/soft.parquet"),
    predict("distilled"),
    folds("folds_distilled", soft="{work}/soft.parquet"),
    predict_folds("folds_distilled"),
    mean("both", {"folds": 0.5, "folds_distilled": 0.5}),
    train("half", list_="{work}/halves/train.csv"),
    predict("half"),
    train("half_long", list_="{work}/halves/train.csv", epochs="{half_epochs}"),
    predict("half_long", epochs="{half_epochs}"),
    dict(
        name="pseudo-labels",
        run=[
            "tools/test.py {fused} {work}/half/epoch_{epochs}.pth --work-dir {work}/tests --out {work}/hidden.parquet "
            "--cfg-options test_dataloader.dataset.ann_file={work}/halves/val.csv test_dataloader.dataset.data_root= "
            "test_dataloader.dataset.data_prefix={data}/images test_dataloader.dataset.classes={data}/classes.txt "
            "test_dataloader.dataset.ocr_file={data}/ocr",
            "tools/recipes/pseudo_label.py {work}/hidden.parquet --train {work}/halves/train.csv --threshold 0.7 "
            "--out {work}/pseudo.csv --overwrite",
        ],
        inputs=["{work}/half", "{work}/halves"],
        outputs=["{work}/hidden.parquet", "{work}/pseudo.csv", "{work}/pseudo.json"],
    ),
    train("half_pseudo", list_="{work}/pseudo.csv"),
    predict("half_pseudo"),
    train("long", epochs="{long_epochs}"),
    predict("long", epochs="{long_epochs}"),
    dict(
        name="table",
        run=[
            table("one model", "{work}/table.md"),
            table("one model, five times as long", "{work}/against_long.md"),
        ],
        inputs=[f"{{work}}/{file}.parquet" for file in files.values()],
        outputs=["{work}/table.md", "{work}/against_long.md"],
    ),
]
