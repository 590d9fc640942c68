"""arcface.py without the text.

Train    python tools/train.py configs/grocery/craft/image.py
Result   36.1 % top-1 (36.5 % with views) on val after 12 epochs on all of train (docs/recipes.md)
"""

_base_ = "arcface.py"

from kdxf.engine.config_parts import image_only

model, train_dataloader, val_dataloader, tta_pipeline = image_only(_base_)
test_dataloader = val_dataloader
