"""moe_r101.py trained on all labelled images (train + val), for the final submission.

Data     data/kdxf/train_full.csv (written by tools/data/split.py)
Train    python tools/train.py configs/moe_r101_trainval.py
Predict  python tools/inference.py configs/moe_r101_trainval.py work_dirs/moe_r101_trainval/epoch_110.pth \\
             data/kdxf/test --ocr data/kdxf/ocr --ocr-root data/kdxf --tta --save_csv submission.csv
Result   not measured. There is no validation: all labelled images are in the training set.
"""

_base_ = "moe_r101.py"

train_dataloader = dict(dataset=dict(dataset=dict(ann_file="train_full.csv")))
val_dataloader = None
val_evaluator = None
val_cfg = None
default_hooks = dict(checkpoint=dict(save_best=None))
