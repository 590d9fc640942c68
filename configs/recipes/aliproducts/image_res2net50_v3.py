r"""Version 3 of the AliProducts document: features learned from 30,265 classes of the cleaned list, with augmentation.

Trains   Res2Net v1b 50 from version 2: a linear classifier of the classes of 20 to 500 images on the frozen backbone,
         the whole model with augmentation, and a classifier of all classes on the frozen backbone; mixed precision.
         (The document starts from the "second round" of version 2, which has only one round.)
Data     data/aliproducts: 20_500/reliable_train.csv and val.csv, reliable_train.csv (image_res2net50_v2.py makes it),
         val.csv
Train    cp work_dirs/recipes/aliproducts/image_res2net50_v2/best_*.pth data/aliproducts/weights/v2.pth
         python tools/train.py configs/recipes/aliproducts/image_res2net50_v3.py
Test     python tools/test.py configs/recipes/aliproducts/image_res2net50_v3.py \
             work_dirs/recipes/aliproducts/image_res2net50_v3/3_all-classes/best_*.pth
Result   not measured: the images belong to the organiser. The document's scores on val after each round (GAP / mean
         class accuracy, its "MAP"): 0.7094 / 0.7875 and 0.7235 / 0.8136 on the 30,265 classes, 0.7046 / 0.7877 on all
"""

_base_ = "_base_/aliproducts.py"

load_from = "data/aliproducts/weights/v2.pth"
# imgaug's Crop (up to 6 % of each side) and Affine (15 degrees, black corners), as albumentations names them.
augment = [
    dict(type="CropAndPad", percent=(-0.06, 0.0), p=0.5),
    dict(type="Rotate", limit=15, border_mode=0, p=0.5),
]
augmenting_pipeline = [
    dict(type="LoadImage", min_edge=_base_.image_size * 8 // 7),
    dict(type="Albumentations", transforms=augment),
    *_base_.letterbox,
]
stages = [
    dict(
        name="warm-up",
        model=dict(head=dict(num_classes=30265)),
        train_dataloader=dict(batch_size=1024, dataset=dict(ann_file="20_500/reliable_train.csv")),
        val_dataloader=dict(dataset=dict(ann_file="20_500/val.csv")),
        param_scheduler=dict(step_size=1, gamma=0.4),
        optim_wrapper=_base_.mixed,
        train_cfg=dict(max_epochs=1),
        custom_hooks=[*_base_.custom_hooks, *_base_.frozen, *_base_.centralized],
    ),
    dict(
        name="fine-tune",
        model=dict(head=dict(num_classes=30265)),
        train_dataloader=dict(
            batch_size=128, dataset=dict(ann_file="20_500/reliable_train.csv", pipeline=augmenting_pipeline)
        ),
        val_dataloader=dict(dataset=dict(ann_file="20_500/val.csv")),
        param_scheduler=dict(step_size=3, gamma=0.5),
        optim_wrapper=_base_.mixed,
        train_cfg=dict(max_epochs=15),
        custom_hooks=[*_base_.custom_hooks, *_base_.centralized],
    ),
    dict(
        name="all-classes",
        train_dataloader=dict(batch_size=1024, dataset=dict(ann_file="reliable_train.csv")),
        param_scheduler=dict(step_size=3, gamma=0.4),
        optim_wrapper=_base_.mixed,
        train_cfg=dict(max_epochs=8),
        custom_hooks=[*_base_.custom_hooks, *_base_.frozen, *_base_.centralized],
    ),
]
