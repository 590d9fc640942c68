"""image_lite2_frozen.py with the text: frozen EfficientNet-Lite2 and TF-IDF, joined under a normalized head.

Data     as moe_r18.py, and python tools/tfidf.py data/grocery/ocr --tokenizer word --out data/grocery/tfidf
Features python tools/features.py configs/grocery/moe_lite2_frozen.py     (the store of image_lite2_frozen.py)
Train    python tools/train.py configs/grocery/moe_lite2_frozen.py
Test     python tools/test.py configs/grocery/moe_lite2_frozen.py work_dirs/grocery/moe_lite2_frozen/epoch_40.pth
Result   not measured
"""

_base_ = "image_lite2_frozen.py"

tfidf_channels = 512
tfidf = dict(type="EncodeTfidf", folder=_base_.data_root + "tfidf")
train_text = [*_base_.load_text, dict(type="DropWords", prob=0.2), tfidf]
test_text = [*_base_.load_text, tfidf]

model = dict(
    text_encoder=dict(type="TfidfEncoder", in_channels=tfidf_channels),
    fusion=dict(type="ConcatFusion"),
    head=dict(in_channels=_base_.image_channels + tfidf_channels),
)
train_dataloader = dict(
    dataset=dict(pipeline=[dict(**_base_.stored, train=True), *train_text, *_base_.drop, *_base_.pack])
)
val_dataloader = dict(dataset=dict(pipeline=[_base_.stored, *test_text, *_base_.pack]))
test_dataloader = val_dataloader
