"""moe_r101.py without the image: the text-only baseline.

Data     as moe_r101.py
Train    python tools/train.py configs/text_word2vec.py
Test     python tools/test.py configs/text_word2vec.py work_dirs/text_word2vec/best_*.pth
Result   not measured
"""

_base_ = "moe_r101.py"

from kdxf.engine.config_parts import text_only

model, train_dataloader, val_dataloader = text_only(_base_)
test_dataloader = val_dataloader
tta_model = None
tta_pipeline = None
