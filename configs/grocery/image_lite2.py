"""moe_lite2.py without the text: the image alone, fine-tuned from ImageNet weights.

Data     as moe_r18.py; first train image_lite2_frozen.py
Train    python tools/train.py configs/grocery/image_lite2.py
Test     python tools/test.py configs/grocery/image_lite2.py work_dirs/grocery/image_lite2/epoch_6.pth
Result   val, last epoch: top-1 81.1 (+-2.3), packages alone 82 (+-3.8) (one thread on two Xeon cores, torch 2.14)
"""

_base_ = "moe_lite2.py"

load_from = "work_dirs/grocery/image_lite2_frozen/epoch_20.pth"

head = dict(_base_.image_head, _delete_=True, num_classes=_base_.num_classes)
model = dict(text_encoder=None, fusion=None, head=head)
train_dataloader = dict(dataset=dict(pipeline=[*_base_.train_image, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[*_base_.test_image, *_base_.pack]))
test_dataloader = val_dataloader
tta_pipeline = [_base_.tta_pipeline[0], _base_.tta_pipeline[-1]]
