"""cross_entropy.py with CutMix of images and texts, alpha 1, but for the last 3 epochs.

Train    python tools/train.py configs/grocery/craft/cutmix.py
Result   in docs/training.md, with the others of this folder
"""

_base_ = "cross_entropy.py"

model = dict(train_cfg=dict(augments=[dict(type="CutMix", alpha=1.0)]))
switch_off = [dict(action_epoch=_base_.max_epochs - 2, batch_augments=None)]
custom_hooks = [*_base_.custom_hooks, dict(type="SwitchRecipeHook", schedule=switch_off)]
