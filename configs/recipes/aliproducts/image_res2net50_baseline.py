r"""The baseline of the AliProducts document: features learned from 2,345 classes of medium size, then 50,030 classes.

Trains   Res2Net v1b 50 (ImageNet weights, 224 px) in three rounds: a linear classifier on the frozen backbone, the
         whole model, and a new classifier of all classes on the frozen backbone
Data     data/aliproducts: 80_100/train.csv and val.csv (classes of 80 to 100 images), train.csv, val.csv; all
         unbalanced (_base_/aliproducts.py has the commands)
Train    python tools/train.py configs/recipes/aliproducts/image_res2net50_baseline.py
Test     python tools/test.py configs/recipes/aliproducts/image_res2net50_baseline.py \
             work_dirs/recipes/aliproducts/image_res2net50_baseline/3_all-classes/best_*.pth
Result   not measured: the images belong to the organiser. The document's scores on val after each round (GAP / mean
         class accuracy, its "MAP"): 0.3876 / 0.4562 and 0.9231 / 0.9298 on the 2,345 classes, 0.5413 / 0.6568 on all
"""

_base_ = "_base_/aliproducts.py"

stages = [
    dict(
        name="warm-up",
        model=dict(head=dict(num_classes=2345, loss=dict(gamma=0.0))),
        train_dataloader=dict(batch_size=512, dataset=dict(ann_file="80_100/train.csv")),
        val_dataloader=dict(dataset=dict(ann_file="80_100/val.csv")),
        param_scheduler=dict(step_size=4, gamma=0.5),
        train_cfg=dict(max_epochs=2),
        custom_hooks=[*_base_.custom_hooks, *_base_.frozen],
    ),
    dict(
        name="fine-tune",
        model=dict(head=dict(num_classes=2345, loss=dict(gamma=0.0))),
        train_dataloader=dict(batch_size=96, dataset=dict(ann_file="80_100/train.csv")),
        val_dataloader=dict(dataset=dict(ann_file="80_100/val.csv")),
        param_scheduler=dict(step_size=4, gamma=0.5),
        train_cfg=dict(max_epochs=10),
    ),
    dict(
        name="all-classes",
        train_dataloader=dict(batch_size=512, dataset=dict(ann_file="train.csv")),
        param_scheduler=dict(step_size=3, gamma=0.4),
        train_cfg=dict(max_epochs=8),
        custom_hooks=[*_base_.custom_hooks, *_base_.frozen, *_base_.centralized],
    ),
]
