"""cross_entropy.py, validated and saved with an exponential moving average of its weights.

Train    python tools/train.py configs/grocery/craft/ema.py
Result   in docs/training.md, with the others of this folder
"""

_base_ = "cross_entropy.py"

# The average reaches back about 100 of the run's 672 steps.
custom_hooks = [*_base_.custom_hooks, dict(type="EMAHook", momentum=0.01, priority="ABOVE_NORMAL")]
