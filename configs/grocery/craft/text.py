"""arcface.py without the image. Its views: all lines, and those that OCR is sure of.

Train    python tools/train.py configs/grocery/craft/text.py
Result   22.6 % top-1 on val after 12 epochs on all of train (docs/recipes.md)
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
