"""What `kdxf fit` fine-tunes: EfficientNet-Lite from ImageNet weights and TF-IDF of the text, each with its own head.

The config that names this base sets the data, the pipelines, and ``num_classes`` of the head and ``in_channels`` of
encoder and text head.
"""

_base_ = ["datasets/image_text.py", "default_runtime.py"]

image_channels = 1280
# Without it a fine-tuned model is surer of itself than it is right, and the mean with another model gains less.
smooth = dict(type="LabelSmoothLoss", label_smooth_val=0.1)
image_head = dict(
    type="ArcFaceClsHead",  # normalized softmax: the margin is 0
    in_channels=image_channels,
    embedding_channels=None,
    batch_norm=False,
    scale=16.0,
    margins=0.0,
    loss=smooth,
    # Only the directions of the weights count. Short ones turn fast; longer ones keep much of their first, random
    # direction in a training of some hundred steps.
    init_cfg=dict(type="Normal", layer="NormProduct", std=1e-3),
)

data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
model = dict(
    type="ImageTextClassifier",
    image_backbone=dict(type="TIMMBackbone"),
    image_neck=dict(type="GlobalAveragePooling"),
    text_encoder=dict(type="TfidfEncoder"),
    fusion=dict(type="ConcatFusion"),
    head=dict(
        type="LateFusionClsHead",
        loss=smooth,
        # A scale of 8 keeps the text from being surer of itself than its accuracy on new images warrants.
        heads=dict(image=image_head, text=dict(image_head, scale=8.0, loss=dict(type="CrossEntropyLoss"))),
    ),
    channels_last=True,
)
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="AdamW", lr=5e-4, weight_decay=0.05),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.02, by_epoch=True, end=1, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", eta_min=0, by_epoch=True, begin=1, convert_to_iter_based=True),
]
val_evaluator = dict(topk=(1,))  # there may be fewer than 5 classes
test_evaluator = val_evaluator
train_cfg = dict(by_epoch=True, val_interval=1)
val_cfg = dict()
test_cfg = dict()
# At step t the average reaches back t/10 steps, up to 50: a run of a few steps must not keep its first weights.
ema = dict(type="EMAHook", ema_type="MomentumAnnealingEMA", momentum=0.02, gamma=10, priority="ABOVE_NORMAL")
# The first half of the layers stays as it is: the most general ones, which take a third of the time to train.
stem = [f"image_backbone.timm_model.{part}" for part in ("conv_stem", "bn1", *(f"blocks.{i}" for i in range(4)))]
custom_hooks = [*_base_.custom_hooks, ema, dict(type="FreezeHook", modules=stem)]
