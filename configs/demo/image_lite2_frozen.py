"""moe_lite2_frozen.py without the text: the image alone.

Data     as moe_lite2_frozen.py
Features python tools/features.py configs/demo/image_lite2_frozen.py     (the store of moe_lite2_frozen.py)
Train    python tools/train.py configs/demo/image_lite2_frozen.py
Test     python tools/test.py configs/demo/image_lite2_frozen.py work_dirs/demo/image_lite2_frozen/epoch_80.pth
Result   val, last epoch: top-1 65.5, against 96.4 with the text (`make demo`, two Xeon cores, torch 2.14); logistic
         regression on the same features: 64.3
"""

_base_ = "moe_lite2_frozen.py"

head = dict(_base_.image_head, _delete_=True, num_classes=_base_.num_classes)
model = dict(text_encoder=None, fusion=None, head=head)
train_dataloader = dict(dataset=dict(pipeline=[*_base_.train_image, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[*_base_.test_image, *_base_.pack]))
test_dataloader = val_dataloader
