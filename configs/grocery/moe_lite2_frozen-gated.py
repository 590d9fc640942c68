"""moe_lite2_frozen-experts.py with a gate that weighs image against text in each channel, instead of concatenation.

Data     as moe_lite2_frozen-experts.py
Features python tools/features.py configs/grocery/moe_lite2_frozen.py
Train    python tools/train.py configs/grocery/moe_lite2_frozen-gated.py
Test     python tools/test.py configs/grocery/moe_lite2_frozen-gated.py \
             work_dirs/grocery/moe_lite2_frozen-gated/epoch_20.pth
Result   folds 0 and 1: top-1 96.6, 96.1 (moe_lite2_frozen-experts.py: 97.6, 96.4);
         docs/training.md has the command
"""

_base_ = "moe_lite2_frozen-experts.py"

joint_channels = 512

model = dict(
    fusion=dict(
        type="GatedFusion",
        image_channels=_base_.image_channels,
        text_channels=_base_.text_channels,
        out_channels=joint_channels,
    ),
    head=dict(in_channels=joint_channels),
)
