"""moe_lite2.py without the text: the image alone, fine-tuned from ImageNet weights.

Data     as moe_r18.py
Train    python tools/train.py configs/grocery/image_lite2.py
Test     python tools/test.py configs/grocery/image_lite2.py work_dirs/grocery/image_lite2/epoch_6.pth
Result   not measured
"""

_base_ = "moe_lite2.py"

from kdxf.engine.config_parts import image_only

model, train_dataloader, val_dataloader, tta_pipeline = image_only(_base_)
test_dataloader = val_dataloader
