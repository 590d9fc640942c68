"""cross_entropy.py with ArcFace on the joined feature in place of the mixture of experts.

Train    python tools/train.py configs/grocery/craft/arcface.py
Result   in docs/training.md, with the others of this folder
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
