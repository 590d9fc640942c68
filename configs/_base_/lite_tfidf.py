"""What `kdxf fit` fine-tunes: EfficientNet-Lite from ImageNet weights and TF-IDF of the text, under a normalized head.

The config that names this base sets the data, ``num_classes``, the pipelines, and ``in_channels`` of encoder and head.
"""

_base_ = ["datasets/image_text.py", "default_runtime.py"]

image_channels = 1280

data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
model = dict(
    type="ImageTextClassifier",
    image_backbone=dict(type="TIMMBackbone"),
    image_neck=dict(type="GlobalAveragePooling"),
    text_encoder=dict(type="TfidfEncoder"),
    fusion=dict(type="ConcatFusion"),
    head=dict(
        type="ArcFaceClsHead",
        in_channels=image_channels,
        embedding_channels=512,
        scale=16.0,
        margins=0.0,
        loss=dict(type="CrossEntropyLoss"),
    ),
    channels_last=True,
)
optim_wrapper = dict(
    type="AutocastOptimWrapper",
    dtype="bfloat16",
    optimizer=dict(type="AdamW", lr=1e-3, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={"image_backbone": dict(lr_mult=0.5)}),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.02, by_epoch=True, end=1, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", eta_min=0, by_epoch=True, begin=1, convert_to_iter_based=True),
]
val_evaluator = dict(topk=(1,))  # there may be fewer than 5 classes
test_evaluator = val_evaluator
train_cfg = dict(by_epoch=True, val_interval=1)
val_cfg = dict(fp16=True)
test_cfg = dict(fp16=True)
# At step t the average reaches back t/10 steps, up to 100: a run of a few steps must not keep its first weights.
ema = dict(type="EMAHook", ema_type="MomentumAnnealingEMA", momentum=0.01, gamma=10, priority="ABOVE_NORMAL")
custom_hooks = [*_base_.custom_hooks, ema]
