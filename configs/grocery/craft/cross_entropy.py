"""The baseline of the comparison of training techniques: moe_r18.py at 64 px, 12 epochs, plain cross-entropy.

Data     as ../moe_r18.py
Train    python tools/train.py configs/grocery/craft/cross_entropy.py
Test     python tools/test.py configs/grocery/craft/cross_entropy.py work_dirs/grocery/craft/cross_entropy/epoch_12.pth
Result   on a fold of train, two seeds: top-1 59.4 +-0.9; docs/training.md has the command
         and all scores. Two Xeon cores with AMX, torch 2.15.
"""

_base_ = "../moe_r18.py"

from kdxf.engine.config_parts import center_crop, random_crop, two_scales

image_size = 64
max_epochs = 12

train_image = random_crop(image_size, keep_text=True, cache=_base_.cache)
test_image = center_crop(image_size, keep_text=True)
tta_pipeline = two_scales(test_image, _base_.test_text, _base_.pack)

train_dataloader = dict(dataset=dict(pipeline=[*train_image, *_base_.train_text, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[*test_image, *_base_.test_text, *_base_.pack]))
test_dataloader = val_dataloader

model = dict(head=dict(loss=dict(label_smooth_val=0.0)))
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)

val_evaluator = [
    *_base_.val_evaluator,
    dict(type="MeanAveragePrecision"),
    dict(type="MeanClassAccuracy"),
    dict(type="CalibrationError"),
]
test_evaluator = val_evaluator
