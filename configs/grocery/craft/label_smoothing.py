"""cross_entropy.py with label smoothing 0.1.

Train    python tools/train.py configs/grocery/craft/label_smoothing.py
Result   in docs/training.md, with the others of this folder
"""

_base_ = "cross_entropy.py"

model = dict(head=dict(loss=dict(label_smooth_val=0.1)))
