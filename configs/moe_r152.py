"""moe_r101.py with ResNet-152.

Data     as moe_r101.py
Train    python tools/train.py configs/moe_r152.py
Test     python tools/test.py configs/moe_r152.py work_dirs/moe_r152/best_*.pth --tta
Result   not measured
"""

_base_ = "moe_r101.py"

model = dict(
    image_backbone=dict(depth=152, init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet152")),
)
