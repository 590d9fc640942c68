"""moe_r101.py with Swin-B and AdamW.

Trains   Swin-B (ImageNet weights, 224 px) with AdamW, warm-up and a cosine, which suit a transformer better than SGD
Data     as moe_r101.py
Train    python tools/train.py configs/moe_swin-base.py
Test     python tools/test.py configs/moe_swin-base.py work_dirs/moe_swin-base/best_*.pth --tta
Result   not measured
"""

_base_ = "moe_r101.py"

# MMPretrain's ImageNet weights; or a local file.
pretrained = (
    "https://download.openmmlab.com/mmclassification/v0/swin-transformer/convert/"
    "swin_base_patch4_window7_224-4670dd19.pth"
)
model = dict(
    image_backbone=dict(
        _delete_=True,
        type="SwinTransformer",
        arch="base",
        img_size=224,
        drop_path_rate=0.3,
        init_cfg=dict(type="Pretrained", checkpoint=pretrained, prefix="backbone."),
    ),
    head=dict(in_channels=1024 + 1024),
    channels_last=False,  # a transformer gains nothing from it
)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type="AdamW", lr=5e-5, weight_decay=0.05),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=True, end=3, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", eta_min=1e-6, by_epoch=True, begin=3),
]
