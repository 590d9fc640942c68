"""cross_entropy.py with ArcFace on the joined feature instead of the mixture of experts.

Data     as ../moe_r18.py
Train    python tools/train.py configs/grocery/craft/arcface.py
Test     python tools/test.py configs/grocery/craft/arcface.py work_dirs/grocery/craft/arcface/epoch_12.pth
Result   on a fold of train, two seeds: top-1 64.7 +-0.8 (cross_entropy.py: 59.4 +-0.9); docs/training.md has the
         command and all scores. Two Xeon cores with AMX, torch 2.15.
"""

_base_ = "cross_entropy.py"

model = dict(
    head=dict(
        _delete_=True,
        type="ArcFaceClsHead",
        num_classes=_base_.num_classes,
        in_channels=_base_.image_channels + _base_.text_channels,
        embedding_channels=256,
        scale=16.0,
        margins=0.2,
        loss=dict(type="CrossEntropyLoss"),
    )
)
custom_hooks = [*_base_.custom_hooks, dict(type="MarginScheduleHook", begin=3, end=9)]
