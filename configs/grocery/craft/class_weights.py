"""cross_entropy.py with each class weighted in the loss by one over the square root of its count.

Data     as ../moe_r18.py
Train    python tools/train.py configs/grocery/craft/class_weights.py
Test     python tools/test.py configs/grocery/craft/class_weights.py work_dirs/grocery/craft/class_weights/epoch_12.pth
Result   on a fold of train, two seeds: top-1 58.8 +-1.0 (cross_entropy.py: 59.4 +-0.9); docs/training.md has the
         command and all scores. Two Xeon cores with AMX, torch 2.15.
"""

_base_ = "cross_entropy.py"

custom_hooks = [*_base_.custom_hooks, dict(type="ClassWeightsHook", by="inverse_sqrt")]
