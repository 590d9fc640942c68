"""arcface.py without the image. Its test-time views: all lines, and only those that OCR is sure of.

Data     as ../moe_r18.py
Train    python tools/train.py configs/grocery/craft/text.py
Test     python tools/test.py configs/grocery/craft/text.py work_dirs/grocery/craft/text/epoch_12.pth
Result   22.6 % top-1 on val after 12 epochs on all of train (docs/recipes.md).
         0.6 minutes on one of two Xeon cores
"""

_base_ = "arcface.py"

from kdxf.engine.config_parts import text_only

model, train_dataloader, val_dataloader = text_only(_base_)
test_dataloader = val_dataloader
tta_pipeline = [
    dict(
        type="TestTimeAug",
        transforms=[
            [dict(type="TokenizeOCR", tokenizer=_base_.tokenizer, min_score=score) for score in (0.0, 0.5)],
            _base_.look_up,
            _base_.pack,
        ],
    ),
]
