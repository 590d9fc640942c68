"""moe_r18.py without the image: the text-only baseline.

Data     as moe_r18.py
Train    python tools/train.py configs/grocery/text_word2vec.py
Test     python tools/test.py configs/grocery/text_word2vec.py work_dirs/grocery/text_word2vec/epoch_45.pth
Result   val, last epoch: top-1 22.3 (+-2.4), packages alone 57 (+-5.0). 1.3 minutes with OMP_NUM_THREADS=1 (two Xeon
         cores, shared with other work, torch 2.15).
"""

_base_ = "moe_r18.py"

from kdxf.engine.config_parts import text_only

model, train_dataloader, val_dataloader = text_only(_base_)
test_dataloader = val_dataloader
tta_model = None
tta_pipeline = None
