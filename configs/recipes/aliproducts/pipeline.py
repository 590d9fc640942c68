"""AliProducts from photographs to submission: baseline, version 1, the list that it cleans, versions 2 and 3.

Data     data/aliproducts as published: train/00000 ..., val/00000 ..., test/, train.json, val.json
Run      python tools/recipes/run.py configs/recipes/aliproducts/pipeline.py
Try      python tools/recipes/run.py configs/recipes/aliproducts/pipeline.py --smoke     (demo images, tiny model)
Result   submission.csv in work, from version 3. Not measured; the document's GAP / mean class accuracy on val, all
         classes: 0.5413 / 0.6568 (baseline), 0.6730 / 0.7561, 0.6908 / 0.7776, 0.7046 / 0.7877 (versions 1, 2, 3)

The configs in this folder define the rounds of each version. The document's text (not its table) fine-tunes version 1
once more on the reliable list; this is left out. Only the images of val are checked.
"""

work = "work_dirs/recipes/aliproducts/pipeline"
data = "data/aliproducts"
train_list, val_list = "{data}/train.json", "{data}/val.json"
train_pattern = ["--pattern", "train/{{label:0>5}}/{{image}}"]
val_pattern = ["--pattern", "val/{{label:0>5}}/{{image}}"]
test = "{data}/test"
configs = "configs/recipes/aliproducts"
# Smallest and largest class size in the baseline, in version 1 and in version 3.
small, medium, large = ["80", "100"], ["50", "500"], ["20", "500"]
options: list[str] = []  # more settings of every model
staged_options: list[str] = []  # of those with rounds
plain_options: list[str] = []  # of the one without
inference_options: list[str] = []
# The photographs are checked first; a smoke run takes some of the demo instead.
raw = "{data}/val"
check = ["tools/data/verify.py", "{raw}", "--out", "{work}/problems.csv", "--overwrite"]
checked = "{work}/problems.csv"

lists = "{work}/lists"
places = " ".join(
    f"{loader}_dataloader.dataset.{setting}"
    for loader in ("train", "val", "test")
    for setting in ("data_root={lists}", "data_prefix=../images")
)


def train(config: str, settings: str = "{staged_options}") -> str:
    """Return the command that trains a version."""
    return (
        f"tools/train.py {{configs}}/image_res2net50_{config}.py --resume --work-dir {{work}}/{config} "
        f"--cfg-options {places} {{options}} {settings}"
    )


def subset(train_list: str, sizes: str, folder: str) -> str:
    """Return the command that selects the classes within a range of sizes."""
    return (
        f"tools/data/subset.py {{lists}}/{train_list}.csv {{lists}}/val.csv --sizes {sizes} --out {{lists}}/{folder} "
        "--overwrite"
    )


stages = [
    dict(name="check", run="{check}", inputs="{raw}", outputs="{checked}"),
    dict(
        name="lists",
        run=[
            "mkdir -p {lists}",
            "ln -sfnr {data} {work}/images",
            "tools/data/convert.py {train_list} --root {data} --out {lists}/train.csv {train_pattern} --overwrite",
            "tools/data/convert.py {val_list} --root {data} --out {lists}/val.csv {val_pattern} --overwrite "
            "--classes {lists}/classes.csv",
            "tools/data/balance.py {lists}/train.csv --cap 400 200 100 --out {lists}/balanced_train.csv --overwrite",
            subset("train", "{small}", "80_100"),
            subset("balanced_train", "{medium}", "50_500"),
        ],
        inputs=["{checked}", "{train_list}", "{val_list}"],
        outputs=["{lists}", "{work}/images"],
    ),
    dict(
        name="baseline",
        run=[train("baseline"), "cp {work}/baseline/2_fine-tune/best_*.pth {work}/baseline.pth"],
        inputs=["{lists}/80_100", "{lists}/train.csv", "{lists}/val.csv"],
        outputs=["{work}/baseline", "{work}/baseline.pth"],
    ),
    dict(
        name="version 1",
        run=[
            train("v1") + " load_from={work}/baseline.pth",
            "cp {work}/v1/2_fine-tune/best_*.pth {work}/v1.pth",
        ],
        inputs=["{lists}/50_500", "{lists}/balanced_train.csv", "{lists}/val.csv", "{work}/baseline.pth"],
        outputs=["{work}/v1", "{work}/v1.pth"],
    ),
    dict(
        name="reliable list",
        run=[
            "tools/test.py {configs}/image_res2net50_v1.py {work}/v1/3_all-classes/best_*.pth --work-dir {work}/clean "
            f"--out {{work}}/clean/said.csv --cfg-options {places} {{options}} {{staged_options}} "
            "test_dataloader.dataset.ann_file=balanced_train.csv",
            "tools/data/clean.py find {lists}/balanced_train.csv --predictions {work}/clean/said.csv "
            "--rule reliable --accuracy 0.92 --out {work}/clean/suspects.csv --overwrite",
            "tools/data/clean.py apply {lists}/balanced_train.csv {work}/clean/suspects.csv --at-least 10 "
            "--out {lists}/reliable_train.csv --overwrite",
            subset("reliable_train", "{large}", "20_500"),
        ],
        inputs=["{lists}/balanced_train.csv", "{lists}/val.csv", "{work}/v1"],
        outputs=["{work}/clean", "{lists}/reliable_train.csv", "{lists}/20_500"],
    ),
    dict(
        name="version 2",
        run=[
            train("v2", "{plain_options} load_from={work}/v1.pth"),
            "cp {work}/v2/best_*.pth {work}/v2.pth",
        ],
        inputs=["{lists}/reliable_train.csv", "{lists}/val.csv", "{work}/v1.pth"],
        outputs=["{work}/v2", "{work}/v2.pth"],
    ),
    dict(
        name="version 3",
        run=train("v3") + " load_from={work}/v2.pth",
        inputs=["{lists}/20_500", "{lists}/reliable_train.csv", "{lists}/val.csv", "{work}/v2.pth"],
        outputs="{work}/v3",
    ),
    dict(
        name="submission",
        run="tools/inference.py {configs}/image_res2net50_v3.py {work}/v3/3_all-classes/best_*.pth {test} "
        "--save_csv {work}/submission.csv {inference_options}",
        inputs=["{work}/v3", "{test}"],
        outputs="{work}/submission.csv",
    ),
]

smoke = dict(
    work="work_dirs/smoke/aliproducts",
    data="{work}/raw",
    train_list="{data}/train.csv",
    val_list="{data}/val.csv",
    train_pattern=[],
    val_pattern=[],
    test="{data}/images/test",
    small=["1", "100"],
    medium=["1", "100"],
    large=["1", "100"],
    check=["projects/demo/sample.py", "--out", "{work}/raw", "--labelled", "6", "--unlabelled", "1", "--overwrite"],
    raw="",
    checked="{work}/raw",
    options=[
        "model.image_backbone.model_name=resnet10t",
        "model.image_backbone.pretrained=False",
        "model.head.in_channels=512",
        "model.head.num_classes=12",
        *(f"{loader}_dataloader.num_workers=0" for loader in ("train", "val", "test")),
        *(f"{loader}_dataloader.dataset.pipeline.1.scale=64" for loader in ("train", "val", "test")),
    ],
    plain_options=["train_dataloader.batch_size=12", "train_cfg.max_epochs=1"],
    staged_options=[
        "stages.0.model.head.num_classes=12",
        "stages.1.model.head.num_classes=12",
        *(f"stages.{stage}.train_dataloader.batch_size=12" for stage in range(3)),
        *(f"stages.{stage}.train_cfg.max_epochs=1" for stage in range(3)),
    ],
    inference_options=["--workers", "1", "--cfg-options", "{options}", "{staged_options}"],
)
