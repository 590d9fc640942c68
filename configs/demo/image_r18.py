"""moe_r18.py without the text: the image-only baseline.

Train    python tools/train.py configs/demo/image_r18.py
Test     python tools/test.py configs/demo/image_r18.py work_dirs/demo/image_r18/epoch_40.pth
Result   val, last epoch: top-1 50.6, against 92.3 with the text (`make demo`, two Xeon cores with AMX,
         torch 2.15)
"""

_base_ = "moe_r18.py"

train_pipeline = [*_base_.train_image, *_base_.pack]
test_pipeline = [*_base_.test_image, *_base_.pack]
tta_pipeline = [_base_.tta_pipeline[0], _base_.tta_pipeline[-1]]

model = dict(text_encoder=None, fusion=None, head=dict(in_channels=_base_.image_channels))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
