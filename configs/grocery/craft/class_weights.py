"""cross_entropy.py with classes weighed in the loss by one over the root of their counts.

Train    python tools/train.py configs/grocery/craft/class_weights.py
Result   in docs/training.md, with the others of this folder
"""

_base_ = "cross_entropy.py"

custom_hooks = [*_base_.custom_hooks, dict(type="ClassWeightsHook", by="inverse_sqrt")]
