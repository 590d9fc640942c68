r"""The baseline with ArcFace instead of the linear classifier, which the document lists but could not train.

Trains   the three rounds of image_res2net50_baseline.py with ArcFace (scale 32, margin 0.5, easy margin, as in the
         document's code, on a 512-d embedding). With the full margin from the first step, the softmax saturates on
         wrong classes; here the margin grows once the classes have begun to separate
Data     as image_res2net50_baseline.py
Train    python tools/train.py configs/recipes/aliproducts/image_res2net50_arcface.py
Test     python tools/test.py configs/recipes/aliproducts/image_res2net50_arcface.py \
             work_dirs/recipes/aliproducts/image_res2net50_arcface/3_all-classes/best_*.pth
Result   not measured; the document has none ("there is a problem with arcface, not usable")
"""

_base_ = "_base_/aliproducts.py"

cross_entropy = dict(type="CrossEntropyLoss")  # the margin takes over the role of the focal loss
model = dict(
    head=dict(
        _delete_=True,
        type="ArcFaceClsHead",
        num_classes=_base_.num_classes,
        in_channels=2048,
        embedding_channels=512,
        scale=32.0,
        margins=0.5,
        easy_margin=True,
        loss=cross_entropy,
    )
)
stages = [
    dict(
        name="warm-up",
        model=dict(head=dict(num_classes=2345)),
        train_dataloader=dict(batch_size=512, dataset=dict(ann_file="80_100/train.csv")),
        val_dataloader=dict(dataset=dict(ann_file="80_100/val.csv")),
        param_scheduler=dict(step_size=4, gamma=0.5),
        train_cfg=dict(max_epochs=2),
        # The margin stays 0 in this round.
        custom_hooks=[*_base_.custom_hooks, *_base_.frozen, dict(type="MarginScheduleHook", begin=2, end=3)],
    ),
    dict(
        name="fine-tune",
        model=dict(head=dict(num_classes=2345)),
        train_dataloader=dict(batch_size=96, dataset=dict(ann_file="80_100/train.csv")),
        val_dataloader=dict(dataset=dict(ann_file="80_100/val.csv")),
        param_scheduler=dict(step_size=4, gamma=0.5),
        train_cfg=dict(max_epochs=10),
        custom_hooks=[*_base_.custom_hooks, dict(type="MarginScheduleHook", begin=1, end=6)],
    ),
    dict(
        name="all-classes",
        train_dataloader=dict(batch_size=512, dataset=dict(ann_file="train.csv")),
        param_scheduler=dict(step_size=3, gamma=0.4),
        train_cfg=dict(max_epochs=8),
        # Most classes have new centres.
        custom_hooks=[
            *_base_.custom_hooks,
            *_base_.frozen,
            *_base_.centralized,
            dict(type="MarginScheduleHook", begin=1, end=4),
        ],
    ),
]
