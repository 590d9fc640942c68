"""moe_r101.py without the image: the text-only baseline.

Train    python tools/train.py configs/text_word2vec.py
Test     python tools/test.py configs/text_word2vec.py work_dirs/text_word2vec/best_*.pth
Result   not measured
"""

_base_ = "moe_r101.py"

text_pipeline = [*_base_.load_text, *_base_.look_up, *_base_.pack]

model = dict(image_backbone=None, image_neck=None, fusion=None, head=dict(in_channels=_base_.text_channels))
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=text_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=text_pipeline))
test_dataloader = val_dataloader
tta_model = None
tta_pipeline = None
