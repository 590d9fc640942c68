"""image_lite2_frozen.py on crops of the page instead of the whole: what a letterbox is worth on tall pages.

Data     as moe_lite2_frozen.py
Features python tools/features.py configs/papers/image_lite2_frozen-crop.py
Train    python tools/train.py configs/papers/image_lite2_frozen-crop.py
Test     python tools/test.py configs/papers/image_lite2_frozen-crop.py \\
             work_dirs/papers/image_lite2_frozen-crop/epoch_80.pth
Result   not measured
"""

_base_ = "image_lite2_frozen.py"

from kdxf.engine.config_parts import stored_image

train_image, test_image = stored_image("work_dirs/features/papers", "lite2", _base_.image_size, _base_.views)
train_dataloader = dict(dataset=dict(pipeline=[*train_image, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[*test_image, *_base_.pack]))
test_dataloader = val_dataloader
