"""cross_entropy.py with the focal loss, gamma 2, and label smoothing 0.1: the loss of moe_r101.py.

Train    python tools/train.py configs/grocery/craft/focal_label_smoothing.py
Result   in docs/training.md, with the others of this folder
"""

_base_ = "cross_entropy.py"

model = dict(head=dict(loss=dict(label_smooth_val=0.1, gamma=2.0)))
