"""moe_r18.py without the image: the text-only baseline.

Data     as moe_r18.py
Train    python tools/train.py configs/demo/text_word2vec.py
Test     python tools/test.py configs/demo/text_word2vec.py work_dirs/demo/text_word2vec/epoch_40.pth
Result   val, last epoch: top-1 61.3, against 92.3 with the image (`make demo`, two Xeon cores with AMX,
         torch 2.15)
"""

_base_ = "moe_r18.py"

from kdxf.engine.config_parts import text_only

model, train_dataloader, val_dataloader = text_only(_base_)
test_dataloader = val_dataloader
tta_model = None
tta_pipeline = None
