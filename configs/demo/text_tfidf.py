"""moe_lite2_frozen.py without the image: the text alone, TF-IDF under a normalized linear head.

Data     as moe_lite2_frozen.py
Train    python tools/train.py configs/demo/text_tfidf.py
Test     python tools/test.py configs/demo/text_tfidf.py work_dirs/demo/text_tfidf/epoch_80.pth
Result   val, last epoch: top-1 63.7, against 96.4 with the image (`make demo`, two Xeon cores, torch 2.14); logistic
         regression on TF-IDF: 59.5
"""

_base_ = "moe_lite2_frozen.py"

head = dict(_base_.model.head.heads.text, _delete_=True, num_classes=_base_.num_classes)
model = dict(image_backbone=None, image_neck=None, fusion=None, head=head)
train_dataloader = dict(dataset=dict(pipeline=[*_base_.train_text, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[*_base_.test_text, *_base_.pack]))
test_dataloader = val_dataloader
