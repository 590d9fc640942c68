"""cross_entropy.py whose pictures grow: 40 px for the first 5 epochs, then 64 px, in one run with one schedule.

Data     as ../moe_r18.py
Train    python tools/train.py configs/grocery/craft/progressive.py
Test     python tools/test.py configs/grocery/craft/progressive.py work_dirs/grocery/craft/progressive/epoch_12.pth
Result   not measured
"""

_base_ = "cross_entropy.py"

from kdxf.engine.config_parts import random_crop

first_size, first_epochs = 40, 5

rest = [*_base_.train_text, *_base_.pack]
full_size = [*_base_.train_image, *rest]
train_dataloader = dict(dataset=dict(pipeline=[*random_crop(first_size, keep_text=True), *rest]))
grow = dict(type="SwitchRecipeHook", schedule=[dict(action_epoch=first_epochs + 1, train_pipeline=full_size)])
custom_hooks = [*_base_.custom_hooks, grow]
