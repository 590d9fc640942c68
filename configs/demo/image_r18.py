"""moe_r18.py without the text: the image-only baseline.

Data     as moe_r18.py
Train    python tools/train.py configs/demo/image_r18.py
Test     python tools/test.py configs/demo/image_r18.py work_dirs/demo/image_r18/epoch_40.pth
Result   val, last epoch: top-1 50.6, against 92.3 with the text (`make demo`, two Xeon cores with AMX,
         torch 2.15)
"""

_base_ = "moe_r18.py"

from kdxf.engine.config_parts import image_only

model, train_dataloader, val_dataloader, tta_pipeline = image_only(_base_)
test_dataloader = val_dataloader
