"""moe_r18.py with cross-attention before pooling: from words to image regions, and from regions to words.

Data     as moe_r18.py
Train    python tools/train.py configs/grocery/moe_r18_cross-attention.py
Test     python tools/test.py configs/grocery/moe_r18_cross-attention.py \\
             work_dirs/grocery/moe_r18_cross-attention/epoch_45.pth
Result   45 epochs not measured; 12 epochs, two folds of train: top-1 58.2 +-1.6 (moe_r18.py: 59.5 +-1.7);
         docs/text.md has the command. Two Xeon cores shared with other work, torch 2.15.
"""

_base_ = "moe_r18.py"

embed_dims = 192

model = dict(
    image_neck=None,
    fusion=dict(
        type="CrossAttentionFusion",
        image_channels=_base_.image_channels,
        text_channels=_base_.text_channels,
        embed_dims=embed_dims,
        num_layers=1,
    ),
    head=dict(in_channels=2 * embed_dims),
)
