"""cross_entropy.py with CutMix of images and texts, alpha 1, except in the last 3 epochs.

Data     as ../moe_r18.py
Train    python tools/train.py configs/grocery/craft/cutmix.py
Test     python tools/test.py configs/grocery/craft/cutmix.py work_dirs/grocery/craft/cutmix/epoch_12.pth
Result   on a fold of train, two seeds: top-1 56.6 +-0.1 (cross_entropy.py: 59.4 +-0.9); docs/training.md has the
         command and all scores. Two Xeon cores with AMX, torch 2.15.
"""

_base_ = "cross_entropy.py"

model = dict(train_cfg=dict(augments=[dict(type="CutMix", alpha=1.0)]))
switch_off = [dict(action_epoch=_base_.max_epochs - 2, batch_augments=None)]
custom_hooks = [*_base_.custom_hooks, dict(type="SwitchRecipeHook", schedule=switch_off)]
