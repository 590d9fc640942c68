r"""The baseline with ResNeSt-101, in mixed precision, as in the document's table.

Trains   as image_res2net50_baseline.py, with focal loss from the second round on
Data     as image_res2net50_baseline.py
Train    python tools/train.py configs/recipes/aliproducts/image_resnest101_baseline.py
Test     python tools/test.py configs/recipes/aliproducts/image_resnest101_baseline.py \
             work_dirs/recipes/aliproducts/image_resnest101_baseline/3_all-classes/best_*.pth
Result   not measured; the document's table has no scores either. On mixed precision (APEX O1, Res2Net) it reports:
         25 % faster, 35 % less memory, less than 0.1 % accuracy lost
"""

_base_ = "_base_/aliproducts.py"

model = dict(image_backbone=dict(model_name="resnest101"))
stages = [
    dict(
        name="warm-up",
        model=dict(head=dict(num_classes=2345, loss=dict(gamma=0.0))),
        train_dataloader=dict(batch_size=768, dataset=dict(ann_file="80_100/train.csv")),
        val_dataloader=dict(dataset=dict(ann_file="80_100/val.csv")),
        param_scheduler=dict(step_size=4, gamma=0.5),
        optim_wrapper=_base_.mixed,
        train_cfg=dict(max_epochs=2),
        custom_hooks=[*_base_.custom_hooks, *_base_.frozen],
    ),
    dict(
        name="fine-tune",
        model=dict(head=dict(num_classes=2345)),
        train_dataloader=dict(batch_size=96, dataset=dict(ann_file="80_100/train.csv")),
        val_dataloader=dict(dataset=dict(ann_file="80_100/val.csv")),
        param_scheduler=dict(step_size=4, gamma=0.5),
        optim_wrapper=_base_.mixed,
        train_cfg=dict(max_epochs=10),
    ),
    dict(
        name="all-classes",
        train_dataloader=dict(batch_size=512, dataset=dict(ann_file="train.csv")),
        param_scheduler=dict(step_size=3, gamma=0.4),
        optim_wrapper=_base_.mixed,
        train_cfg=dict(max_epochs=8),
        custom_hooks=[*_base_.custom_hooks, *_base_.frozen, *_base_.centralized],
    ),
]
