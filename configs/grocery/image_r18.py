"""moe_r18.py without the text: the image-only baseline.

Train    python tools/train.py configs/grocery/image_r18.py
Test     python tools/test.py configs/grocery/image_r18.py work_dirs/grocery/image_r18/epoch_45.pth
Result   val, last epoch: top-1 51.7 (+-2.9), packages alone 58 (+-4.9); with --tta 53.4 and 63. 19 minutes (two Xeon
         cores with AMX, shared with other work, torch 2.15).
"""

_base_ = "moe_r18.py"

train_pipeline = [*_base_.train_image, *_base_.pack]
test_pipeline = [*_base_.test_image, *_base_.pack]
tta_pipeline = [_base_.tta_pipeline[0], _base_.tta_pipeline[-1]]

model = dict(text_encoder=None, fusion=None, head=dict(in_channels=_base_.image_channels))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
