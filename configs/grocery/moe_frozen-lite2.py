"""image_frozen-lite2.py with the text: frozen EfficientNet-Lite2 and TF-IDF, joined under a normalized head.

Data     as in moe_r18.py, and python tools/tfidf.py data/grocery/ocr --tokenizer word --out data/grocery/tfidf
Features python tools/features.py configs/grocery/moe_frozen-lite2.py     (the same store as image_frozen-lite2.py)
Train    python tools/train.py configs/grocery/moe_frozen-lite2.py
Result   not measured
"""

_base_ = "image_frozen-lite2.py"

tfidf_channels = 512
encode = [*_base_.load_text, dict(type="EncodeTfidf", folder=_base_.data_root + "tfidf")]
train_pipeline = [
    dict(**_base_.stored, train=True),
    *_base_.load_text,
    dict(type="DropWords", prob=0.2),
    encode[-1],
    dict(type="DropModality", image_prob=0.1, text_prob=0.1),
    *_base_.pack,
]
test_pipeline = [_base_.stored, *encode, *_base_.pack]

model = dict(
    text_encoder=dict(type="TfidfEncoder", in_channels=tfidf_channels),
    fusion=dict(type="ConcatFusion"),
    head=dict(in_channels=_base_.image_channels + tfidf_channels),
)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
