"""moe_r18.py with a gate that weighs image against text in each channel, instead of concatenation.

Data     as moe_r18.py
Train    python tools/train.py configs/grocery/moe_r18_gated.py
Test     python tools/test.py configs/grocery/moe_r18_gated.py work_dirs/grocery/moe_r18_gated/epoch_45.pth
Result   45 epochs not measured; 12 epochs, two folds of train: top-1 59.7 +-1.3 (moe_r18.py: 59.5 +-1.7);
         docs/text.md has the command. Two Xeon cores shared with other work, torch 2.15.
"""

_base_ = "moe_r18.py"

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
