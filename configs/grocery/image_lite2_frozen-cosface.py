"""image_lite2_frozen.py with CosFace's margin on the cosines.

Data     as moe_r18.py
Features python tools/features.py configs/grocery/image_lite2_frozen.py
Train    python tools/train.py configs/grocery/image_lite2_frozen-cosface.py
Test     python tools/test.py configs/grocery/image_lite2_frozen-cosface.py \
             work_dirs/grocery/image_lite2_frozen-cosface/epoch_20.pth
Result   worse than without a margin: docs/training.md has the figures and the command
"""

_base_ = "image_lite2_frozen.py"

model = dict(head=dict(margin_type="cosine", margins=0.05))
