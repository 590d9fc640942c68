"""arcface.py without the text.

Data     as ../moe_r18.py
Train    python tools/train.py configs/grocery/craft/image.py
Test     python tools/test.py configs/grocery/craft/image.py work_dirs/grocery/craft/image/epoch_12.pth
Result   36.1 % top-1 (36.5 % with --tta) on val after 12 epochs on all of train (docs/recipes.md).
         6 minutes on one of two Xeon cores
"""

_base_ = "arcface.py"

from kdxf.engine.config_parts import image_only

model, train_dataloader, val_dataloader, tta_pipeline = image_only(_base_)
test_dataloader = val_dataloader
