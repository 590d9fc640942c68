"""moe_lite2_frozen-experts.py whose gates also see how much text OCR has read, and how sure it was of it.

Data     as moe_lite2_frozen-experts.py
Features python tools/features.py configs/grocery/moe_lite2_frozen.py
Train    python tools/train.py configs/grocery/moe_lite2_frozen-readability.py
Test     python tools/test.py configs/grocery/moe_lite2_frozen-readability.py \
             work_dirs/grocery/moe_lite2_frozen-readability/epoch_20.pth
Result   folds 0 and 1: top-1 97.8, 95.1 (moe_lite2_frozen-experts.py: 97.6, 96.4);
         docs/training.md has the command
"""

_base_ = "moe_lite2_frozen-experts.py"

model = dict(text_encoder=dict(readability=True))
