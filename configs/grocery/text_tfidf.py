"""The text alone by TF-IDF: one normalized linear layer over character n-grams and words.

Data     as in moe_r18.py, and python tools/tfidf.py data/grocery/ocr --tokenizer word --out data/grocery/tfidf
Train    python tools/train.py configs/grocery/text_tfidf.py
Result   not measured
"""

_base_ = "moe_frozen-lite2.py"

train_pipeline = [*_base_.load_text, dict(type="DropWords", prob=0.2), _base_.encode[-1], *_base_.pack]
test_pipeline = [*_base_.encode, *_base_.pack]

model = dict(
    image_backbone=None, image_neck=None, fusion=None, head=dict(in_channels=_base_.tfidf_channels)
)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
