"""image_lite2_frozen.py with a linear layer before the head, which a supervised contrastive loss trains as well.

Data     as moe_r18.py
Features python tools/features.py configs/grocery/image_lite2_frozen.py
Train    python tools/train.py configs/grocery/image_lite2_frozen-contrastive.py
Test     python tools/test.py configs/grocery/image_lite2_frozen-contrastive.py \
             work_dirs/grocery/image_lite2_frozen-contrastive/epoch_20.pth
Result   docs/training.md has the figures, with and without the loss, and the command
"""

_base_ = "image_lite2_frozen.py"

width = 512
model = dict(
    image_neck=dict(_delete_=True, type="LinearNeck", in_channels=_base_.image_channels, out_channels=width),
    head=dict(in_channels=width),
    feature_losses=dict(contrastive=dict(type="SupervisedContrastiveLoss", temperature=0.1, loss_weight=0.1)),
)
