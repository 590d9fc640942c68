r"""Version 1 of the AliProducts document: balanced lists, and features learned from 14,132 classes.

Trains   Res2Net v1b 50 from the baseline's second round: a linear classifier of the classes of 50 to 500 images on the
         frozen backbone, the whole model, and a classifier of all classes on the frozen backbone; Adam with gradient
         centralization. Classes of the baseline keep their classifier weights (in the document all were new)
Data     data/aliproducts: 50_500/balanced_train.csv and val.csv, balanced_train.csv (classes cut to 400, 200 or 100
         images), val.csv (_base_/aliproducts.py has the commands)
Train    mkdir -p data/aliproducts/weights
         cp work_dirs/recipes/aliproducts/image_res2net50_baseline/2_fine-tune/best_*.pth \
             data/aliproducts/weights/baseline.pth
         python tools/train.py configs/recipes/aliproducts/image_res2net50_v1.py
Test     python tools/test.py configs/recipes/aliproducts/image_res2net50_v1.py \
             work_dirs/recipes/aliproducts/image_res2net50_v1/3_all-classes/best_*.pth
Result   not measured: the images belong to the organiser. The document's scores on val after each round (GAP / mean
         class accuracy, its "MAP"): 0.6753 / 0.7117 and 0.7972 / 0.8586 on the 14,132 classes, 0.6730 / 0.7561 on all
"""

_base_ = "_base_/aliproducts.py"

load_from = "data/aliproducts/weights/baseline.pth"
stages = [
    dict(
        name="warm-up",
        model=dict(head=dict(num_classes=14132, loss=dict(gamma=0.0))),
        train_dataloader=dict(batch_size=768, dataset=dict(ann_file="50_500/balanced_train.csv")),
        val_dataloader=dict(dataset=dict(ann_file="50_500/val.csv")),
        param_scheduler=dict(step_size=4, gamma=0.5),
        train_cfg=dict(max_epochs=1),
        custom_hooks=[*_base_.custom_hooks, *_base_.frozen, *_base_.centralized],
    ),
    dict(
        name="fine-tune",
        model=dict(head=dict(num_classes=14132, loss=dict(gamma=0.0))),
        train_dataloader=dict(batch_size=96, dataset=dict(ann_file="50_500/balanced_train.csv")),
        val_dataloader=dict(dataset=dict(ann_file="50_500/val.csv")),
        param_scheduler=dict(step_size=4, gamma=0.4),
        train_cfg=dict(max_epochs=10),
        custom_hooks=[*_base_.custom_hooks, *_base_.centralized],
    ),
    dict(
        name="all-classes",
        train_dataloader=dict(batch_size=512, dataset=dict(ann_file="balanced_train.csv")),
        param_scheduler=dict(step_size=3, gamma=0.4),
        train_cfg=dict(max_epochs=8),
        custom_hooks=[*_base_.custom_hooks, *_base_.frozen, *_base_.centralized],
    ),
]
