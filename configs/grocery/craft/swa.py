"""cross_entropy.py with the mean of the last 4 epochs' weights, at a constant rate, as swa.pth beside the run's own.

Train    python tools/train.py configs/grocery/craft/swa.py
Result   in docs/training.md, with the others of this folder
"""

_base_ = "cross_entropy.py"

param_scheduler = [
    dict(type="LinearLR", start_factor=0.02, by_epoch=True, end=3, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", eta_min=0.01, by_epoch=True, begin=3, end=8, convert_to_iter_based=True),
]
custom_hooks = [*_base_.custom_hooks, dict(type="SWAHook", begin_epoch=9)]
