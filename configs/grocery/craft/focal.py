"""cross_entropy.py with the focal loss, gamma 2.

Data     as ../moe_r18.py
Train    python tools/train.py configs/grocery/craft/focal.py
Test     python tools/test.py configs/grocery/craft/focal.py work_dirs/grocery/craft/focal/epoch_12.pth
Result   on a fold of train, two seeds: top-1 58.5 +-0.9 (cross_entropy.py: 59.4 +-0.9); docs/training.md has the
         command and all scores. Two Xeon cores with AMX, torch 2.15.
"""

_base_ = "cross_entropy.py"

model = dict(head=dict(loss=dict(gamma=2.0)))
