"""cross_entropy.py with the mean weights of the last 4 epochs, trained at a constant rate, saved as swa.pth.

Data     as ../moe_r18.py
Train    python tools/train.py configs/grocery/craft/swa.py
Test     python tools/test.py configs/grocery/craft/swa.py work_dirs/grocery/craft/swa/swa.pth
Result   on a fold of train, two seeds: top-1 57.9 +-0.9 (cross_entropy.py: 59.4 +-0.9); docs/training.md has the
         command and all scores. Two Xeon cores with AMX, torch 2.15.
"""

_base_ = "cross_entropy.py"

param_scheduler = [
    dict(type="LinearLR", start_factor=0.02, by_epoch=True, end=3, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", eta_min=0.01, by_epoch=True, begin=3, end=8, convert_to_iter_based=True),
]
custom_hooks = [*_base_.custom_hooks, dict(type="SWAHook", begin_epoch=9)]
