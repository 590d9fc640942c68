"""cross_entropy.py with classes rarer than 2 % repeated: an epoch is 1.9 times as long, so there are 6 of them.

Train    python tools/train.py configs/grocery/craft/class_balanced.py
Result   in docs/training.md, with the others of this folder
"""

_base_ = "cross_entropy.py"

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="ClassBalancedDataset",
        oversample_thr=0.02,
        dataset=_base_.train_dataloader["dataset"],
    )
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.02, by_epoch=True, end=2, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", eta_min=0, by_epoch=True, begin=2, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=6, val_interval=6)
