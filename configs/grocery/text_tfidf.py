"""moe_lite2_frozen.py without the image: the text alone, TF-IDF under a normalized linear head.

Data     as moe_lite2_frozen.py
Train    python tools/train.py configs/grocery/text_tfidf.py
Test     python tools/test.py configs/grocery/text_tfidf.py work_dirs/grocery/text_tfidf/epoch_80.pth
Result   val, last epoch: top-1 27.0 (+-2.6), packages alone 69 (+-4.6); logistic regression on TF-IDF: 25.0. Training
         took less than 2 minutes, one thread (two Xeon cores, torch 2.14). 20 epochs at 2e-2 reach 25.3
"""

_base_ = "moe_lite2_frozen.py"

max_epochs = 80
lr = 5e-3

head = dict(_base_.model.head.heads.text, _delete_=True, num_classes=_base_.num_classes)
model = dict(image_backbone=None, image_neck=None, fusion=None, head=head)
train_dataloader = dict(dataset=dict(pipeline=[*_base_.train_text, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[*_base_.test_text, *_base_.pack]))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=lr))
train_cfg = dict(max_epochs=max_epochs)
