"""AliProducts under data/aliproducts, a linear classifier of all its 50,030 classes, and Adam.

Most configs over this one train in rounds (`stages`), each on classes with a certain number of images; the settings
here are those of the last round. These commands make the lists from the published folders train/00000 ... and
val/00000 ... and their JSON files:

    convert.py train.json --out train.csv --pattern 'train/{label:0>5}/{image}' --label-tree product_tree.json
    convert.py val.json --out val.csv --pattern 'val/{label:0>5}/{image}' --classes classes.csv
    subset.py train.csv val.csv --sizes 80 100 --out 80_100               # baseline: 2,345 classes
    balance.py train.csv --cap 400 200 100 --out balanced_train.csv
    subset.py balanced_train.csv val.csv --sizes 50 500 --out 50_500      # version 1: 14,132 classes
    subset.py reliable_train.csv val.csv --sizes 20 500 --out 20_500      # version 3: 30,265 classes

(python tools/data/..., all files in data/aliproducts; image_res2net50_v2.py makes reliable_train.csv.) The class names
of a list are in the classes.txt of its folder.
"""

_base_ = "../../../_base_/default_runtime.py"

# Often changed.
num_classes = 50030
image_size = 224
lr = 1e-3

# Sometimes changed.
data_root = "data/aliproducts/"
num_workers = 8

# Hardly ever changed. The longest edge becomes 224, the rest of the square black; no augmentation.
letterbox = [dict(type="Letterbox", scale=image_size), dict(type="PackImageTextInputs")]
train_pipeline = [dict(type="LoadImage", min_edge=image_size), *letterbox]
test_pipeline = train_pipeline

data_preprocessor = dict(
    type="ImageTextDataPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True
)
model = dict(
    type="ImageTextClassifier",
    # Res2Net v1b 50 with ImageNet weights, downloaded; offline:
    # init_cfg=dict(type="Pretrained", checkpoint=FILE) instead of pretrained=True.
    image_backbone=dict(type="TIMMBackbone", model_name="res2net50_v1b_26w_4s", pretrained=True),
    image_neck=dict(type="GlobalAveragePooling"),
    head=dict(
        type="LinearClsHead",
        num_classes=num_classes,
        in_channels=2048,
        # Focal loss; gamma=0 makes it cross-entropy.
        loss=dict(type="LabelSmoothFocalLoss", label_smooth_val=0.0, gamma=2.0),
    ),
    channels_last=True,
)

loader = dict(num_workers=num_workers, persistent_workers=True, collate_fn=dict(type="default_collate"))
train_dataloader = dict(
    **loader,
    batch_size=512,  # in total, as everywhere in this recipe: half of it on each of the document's two GPUs
    sampler=dict(type="DefaultSampler", shuffle=True),
    drop_last=True,
    dataset=dict(type="OCRTextDataset", data_root=data_root, ann_file="train.csv", pipeline=train_pipeline),
)
val_dataloader = dict(
    **loader,
    batch_size=256,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type="OCRTextDataset", data_root=data_root, ann_file="val.csv", pipeline=test_pipeline, test_mode=True
    ),
)
test_dataloader = val_dataloader
# The document's GAP (over all images, not averaged over batches) and its "MAP", the mean class accuracy.
val_evaluator = [
    dict(type="GlobalAveragePrecision"),
    dict(type="MeanClassAccuracy"),
    dict(type="Accuracy", topk=(1, 5)),
]
test_evaluator = val_evaluator

# No weight decay: the document mentions none. Each round sets its epochs, step and factor.
optim_wrapper = dict(optimizer=dict(type="Adam", lr=lr))
param_scheduler = dict(type="StepLR", step_size=3, gamma=0.4, by_epoch=True)
train_cfg = dict(by_epoch=True, max_epochs=8, val_interval=1)
val_cfg = dict()
test_cfg = dict()

# A checkpoint every 500 steps, against crashes (the last two are kept), and one of the best mean class accuracy.
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=500, save_best="per-class/mean_accuracy"))

# What the rounds use in custom_hooks and optim_wrapper.
frozen = [dict(type="FreezeHook", modules=["image_backbone"])]  # batch norm statistics are frozen as well
centralized = [dict(type="GradientCentralizationHook")]  # "Adam GC"
# "Mixed": bfloat16 instead of APEX O1's float16, which needs loss scaling and a GPU. For GPUs without bfloat16:
# dict(type="AmpOptimWrapper", loss_scale="dynamic").
mixed = dict(type="AutocastOptimWrapper", dtype="bfloat16")
