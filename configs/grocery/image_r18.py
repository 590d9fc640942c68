"""moe_r18.py without the text: the image-only baseline.

Data     as moe_r18.py
Train    python tools/train.py configs/grocery/image_r18.py
Test     python tools/test.py configs/grocery/image_r18.py work_dirs/grocery/image_r18/epoch_45.pth
Result   val, last epoch: top-1 51.7 (+-2.9), packages alone 58 (+-4.9); with --tta 53.4 and 63. 19 minutes (two Xeon
         cores with AMX, shared with other work, torch 2.15).
"""

_base_ = "moe_r18.py"

from kdxf.engine.config_parts import image_only

model, train_dataloader, val_dataloader, tta_pipeline = image_only(_base_)
test_dataloader = val_dataloader
