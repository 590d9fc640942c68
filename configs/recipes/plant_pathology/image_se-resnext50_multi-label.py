"""image_se-resnext50.py with four independent yes-or-no classes instead of one class out of four.

Trains   the same backbone, pooled -> linear -> sigmoid of each column (healthy, multiple_diseases, rust, scab), binary
         cross-entropy; for leaves to which several classes apply, or none
Data     as image_se-resnext50.py; a list with a 0/1 column per class works as well
Train    python tools/train.py configs/recipes/plant_pathology/image_se-resnext50_multi-label.py --amp
Test     python tools/test.py configs/recipes/plant_pathology/image_se-resnext50_multi-label.py \\
             work_dirs/recipes/plant_pathology/image_se-resnext50_multi-label/best_*.pth --tta
Result   not measured
"""

_base_ = "image_se-resnext50.py"

model = dict(
    head=dict(
        _delete_=True,
        type="MultiLabelLinearClsHead",
        num_classes=_base_.num_classes,
        in_channels=2048,
        loss=dict(type="CrossEntropyLoss", use_sigmoid=True),
        thr=0.5,
    )
)
train_dataloader = dict(dataset=dict(multi_label=True))
val_dataloader = dict(dataset=dict(multi_label=True))
test_dataloader = val_dataloader
val_evaluator = [dict(type="MeanROCAUC"), dict(type="MultiLabelMetric", thr=0.5)]
test_evaluator = val_evaluator
