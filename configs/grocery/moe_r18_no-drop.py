"""moe_r18.py without modality dropout: every training sample keeps its image and its text.

Data     as moe_r18.py
Train    python tools/train.py configs/grocery/moe_r18_no-drop.py
Test     python tools/test.py configs/grocery/moe_r18_no-drop.py work_dirs/grocery/moe_r18_no-drop/epoch_45.pth
         (--without text tests with empty texts, --without image with blank images)
Result   45 epochs not measured; 12 epochs, two folds of train: top-1 62.1 +-0.4 (moe_r18.py: 59.5 +-1.7);
         docs/text.md has the command. Two Xeon cores shared with other work, torch 2.15.
"""

_base_ = "moe_r18.py"

train_pipeline = [*_base_.train_image, *_base_.train_text, *_base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
