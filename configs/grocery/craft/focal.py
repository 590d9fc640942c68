"""cross_entropy.py with the focal loss, gamma 2.

Train    python tools/train.py configs/grocery/craft/focal.py
Result   in docs/training.md, with the others of this folder
"""

_base_ = "cross_entropy.py"

model = dict(head=dict(loss=dict(gamma=2.0)))
