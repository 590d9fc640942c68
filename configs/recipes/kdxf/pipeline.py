"""Advertisements from images to submission: the flagship model, evaluated on held-out images, then trained on all.

Data     the contest's data in data/kdxf: one folder per class in train/, images to predict in test/
Run      python tools/recipes/run.py configs/recipes/kdxf/pipeline.py
Try      python tools/recipes/run.py configs/recipes/kdxf/pipeline.py --smoke              (demo images, small model)
Result   submission.csv in work. Not measured; the document reports 87.221 % top-1 on its test set

A first model trains on 85 % of the labelled images and is evaluated on the other 15 % (val.metrics.json; its best epoch
is chosen on the same 15 %, so the scores are slightly optimistic). The model that predicts trains on all of them. Both
average over four views of each image. Word vectors are trained on the text of the labelled images; the document used
published ones, for which see data/README.md and --set vectors=FOLDER. Predicting other images retrains nothing.
"""

work = "work_dirs/recipes/kdxf/pipeline"
data = "data/kdxf"
vectors = "{work}/vectors"
options: list[str] = []  # more settings of both models
last = "epoch_110.pth"
# The images are checked first; a smoke run takes some of the demo instead.
check = ["tools/data/verify.py", "{data}/train", "--out", "{work}/problems.csv", "--overwrite"]
raw = "{data}/train"
checked = "{work}/problems.csv"

lists = "{work}/lists"
classes = "{lists}/classes.txt"


def settings(*loaders: str) -> str:
    """Return the options that point datasets and test-time views at the outputs of earlier stages."""
    made = ("data_root=", "data_prefix={data}", "classes={classes}", "ocr_file={work}/ocr")
    datasets = [f"{loader}_dataloader.dataset" for loader in loaders]
    train = "train_dataloader.dataset.dataset"  # inside of the class-balanced one
    chosen = [f"{dataset}.{setting}" for dataset in (train, *datasets) for setting in made]
    chosen += [f"{dataset}.ann_file={{lists}}/val.csv" for dataset in datasets]
    chosen += [f"{dataset}.pipeline.4.vectors={{vectors}}" for dataset in datasets]
    chosen += [f"{train}.pipeline.5.vectors={{vectors}}", "tta_pipeline.2.vectors={vectors}", "{options}"]
    return " ".join(["--cfg-options", *chosen])


read = ["{data}/train", "{classes}", "{lists}/val.csv", "{work}/ocr", "{vectors}"]
measured = "configs/moe_r101.py"
final = "configs/moe_r101_trainval.py"
list_of_training = "train_dataloader.dataset.dataset.ann_file={lists}"

stages = [
    dict(name="check", run="{check}", inputs="{raw}", outputs="{checked}"),
    dict(
        name="lists",
        run="tools/data/split.py {data}/train --root {data} --test {data}/test --out {lists} --overwrite",
        inputs=["{checked}", "{data}/train", "{data}/test"],
        outputs="{lists}",
    ),
    dict(
        name="ocr",
        run="tools/ocr.py {data}/train --root {data} --out {work}/ocr",
        inputs="{data}/train",
        outputs="{work}/ocr",
    ),
    dict(
        name="vectors",
        run="tools/word2vec.py train {work}/ocr --out {work}/vectors --dim 200 --overwrite",
        inputs="{work}/ocr",
        outputs="{work}/vectors",
    ),
    dict(
        name="train on a part",
        run=f"tools/train.py {measured} --resume --work-dir {{work}}/measured {settings('val', 'test')} "
        f"{list_of_training}/train.csv",
        inputs=["{lists}/train.csv", *read],
        outputs="{work}/measured",
    ),
    dict(
        name="measure",
        run=f"tools/test.py {measured} {{work}}/measured/best_*.pth --tta --out {{work}}/val.parquet "
        f"--work-dir {{work}}/measured {settings('val', 'test')}",
        inputs=["{work}/measured/best_*.pth", *read],
        outputs=["{work}/val.parquet", "{work}/val.metrics.json"],
    ),
    dict(
        name="train on all",
        run=f"tools/train.py {final} --resume --work-dir {{work}}/final {settings('test')} "
        f"{list_of_training}/train_full.csv",
        inputs=["{lists}/train_full.csv", *read],
        outputs=["{work}/final", "{work}/final/{last}"],
    ),
    dict(
        name="ocr test",
        run="tools/ocr.py {data}/test --root {data} --out {work}/ocr_test",
        inputs="{data}/test",
        outputs="{work}/ocr_test",
    ),
    dict(
        name="submission",
        run=f"tools/inference.py {final} {{work}}/final/{{last}} {{data}}/test --ocr {{work}}/ocr_test "
        f"--ocr-root {{data}} --tta --save_csv {{work}}/submission.csv {settings('test')}",
        inputs=["{work}/final/{last}", "{classes}", "{work}/ocr_test", "{vectors}", "{data}/test"],
        outputs="{work}/submission.csv",
    ),
]

smoke = dict(
    work="work_dirs/smoke/kdxf",
    data="{work}/raw/images",
    check=["projects/demo/sample.py", "--out", "{work}/raw", "--labelled", "2", "--unlabelled", "1", "--overwrite"],
    raw="",
    checked="{work}/raw",
    last="epoch_1.pth",
    options=[
        "model.image_backbone.depth=18",
        "model.image_backbone.init_cfg=None",
        "model.head.in_channels=1536",
        "model.head.num_classes=12",
        "data_preprocessor.num_classes=12",
        "train_cfg.max_epochs=1",
        "train_dataloader.batch_size=8",
        "train_dataloader.num_workers=0",
        "test_dataloader.num_workers=0",
        "train_dataloader.persistent_workers=False",
        "test_dataloader.persistent_workers=False",
    ],
)
