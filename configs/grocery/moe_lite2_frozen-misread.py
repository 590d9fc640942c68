"""moe_lite2_frozen.py, and in half of the training samples OCR misreads a twentieth of the characters once more.

Data     as moe_lite2_frozen.py
Features python tools/features.py configs/grocery/moe_lite2_frozen.py
Train    python tools/train.py configs/grocery/moe_lite2_frozen-misread.py
Test     python tools/test.py configs/grocery/moe_lite2_frozen-misread.py \
             work_dirs/grocery/moe_lite2_frozen-misread/epoch_20.pth
Result   not measured
"""

_base_ = "moe_lite2_frozen.py"

misread = [dict(type="ConfuseCharacters", prob=0.5, rate=0.05)]
train_dataloader = dict(
    dataset=dict(pipeline=[*_base_.train_image, *misread, *_base_.train_text, *_base_.drop, *_base_.pack])
)
