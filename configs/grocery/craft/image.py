"""arcface.py without the text.

Train    python tools/train.py configs/grocery/craft/image.py
Result   36.1 % top-1 (36.5 % with views) on val after 12 epochs on all of train (docs/recipes.md)
"""

_base_ = "arcface.py"

train_pipeline = [*_base_.train_image, *_base_.pack]
test_pipeline = [*_base_.test_image, *_base_.pack]
model = dict(text_encoder=None, fusion=None, head=dict(in_channels=_base_.image_channels))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
tta_pipeline = [_base_.tta_pipeline[0], _base_.tta_pipeline[-1]]
