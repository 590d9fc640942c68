"""moe_r18.py without the image: the text-only baseline.

Train    python tools/train.py configs/demo/text_word2vec.py
Test     python tools/test.py configs/demo/text_word2vec.py work_dirs/demo/text_word2vec/epoch_40.pth
Result   val, last epoch: top-1 61.3, against 92.3 with the image (`make demo`, two Xeon cores with AMX,
         torch 2.15)
"""

_base_ = "moe_r18.py"

train_pipeline = [*_base_.train_text, *_base_.pack]
test_pipeline = [*_base_.test_text, *_base_.pack]
tta_model = None
tta_pipeline = None

model = dict(image_backbone=None, image_neck=None, fusion=None, head=dict(in_channels=_base_.text_channels))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
