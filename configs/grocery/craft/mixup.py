"""cross_entropy.py with mixup of images and texts, alpha 0.4, but for the last 3 epochs.

Train    python tools/train.py configs/grocery/craft/mixup.py
Result   in docs/training.md, with the others of this folder
"""

_base_ = "cross_entropy.py"

model = dict(train_cfg=dict(augments=[dict(type="Mixup", alpha=0.4)]))
switch_off = [dict(action_epoch=_base_.max_epochs - 2, batch_augments=None)]
custom_hooks = [*_base_.custom_hooks, dict(type="SwitchRecipeHook", schedule=switch_off)]
