"""moe_r101.py without the text: the image-only baseline.

Data     as moe_r101.py, without vectors
Train    python tools/train.py configs/image_r101.py
Test     python tools/test.py configs/image_r101.py work_dirs/image_r101/best_*.pth
Result   not measured
"""

_base_ = "moe_r101.py"

from kdxf.engine.config_parts import image_only

model, train_dataloader, val_dataloader, tta_pipeline = image_only(_base_)
# A crop that looks for text would have OCR run on every new image.
val_dataloader = dict(
    dataset=dict(
        pipeline=[*_base_.test_image[:-1], dict(type="CenterCrop", crop_size=_base_.image_size), *_base_.pack]
    ),
)
test_dataloader = val_dataloader
