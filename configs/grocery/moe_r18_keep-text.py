"""moe_r18.py with augmentation that knows the text: crops keep lines whole, and some lines are erased on purpose.

Data     as moe_r18.py
Train    python tools/train.py configs/grocery/moe_r18_keep-text.py
Test     python tools/test.py configs/grocery/moe_r18_keep-text.py work_dirs/grocery/moe_r18_keep-text/epoch_45.pth
Result   45 epochs not measured; 12 epochs, two folds of train: top-1 61.2 +-0.7 (moe_r18.py: 59.5 +-1.7);
         docs/text.md has the command. Two Xeon cores shared with other work, torch 2.15.
"""

_base_ = "moe_r18.py"

from kdxf.engine.config_parts import center_crop, random_crop, two_scales

train_image = random_crop(_base_.image_size, keep_text=True, cache=_base_.cache)
train_image.insert(1, dict(type="EraseText", prob=0.1))
test_image = center_crop(_base_.image_size, keep_text=True)
tta_pipeline = two_scales(test_image, _base_.test_text, _base_.pack)

train_dataloader = dict(dataset=dict(pipeline=[*train_image, *_base_.train_text, *_base_.drop, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[*test_image, *_base_.test_text, *_base_.pack]))
test_dataloader = val_dataloader
