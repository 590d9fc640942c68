"""moe_r101.py with ResNetV1d-152.

Data     as moe_r101.py
Train    python tools/train.py configs/moe_rv1d152.py
Test     python tools/test.py configs/moe_rv1d152.py work_dirs/moe_rv1d152/best_*.pth --tta
Result   not measured
"""

_base_ = "moe_r101.py"

# MMPretrain's ImageNet weights; or a local file.
pretrained = (
    "https://download.openmmlab.com/mmclassification/v0/resnet/resnetv1d152_b32x8_imagenet_20210531-278cf22a.pth"
)
model = dict(
    image_backbone=dict(
        type="ResNetV1d",
        depth=152,
        init_cfg=dict(type="Pretrained", checkpoint=pretrained, prefix="backbone."),
    ),
)
