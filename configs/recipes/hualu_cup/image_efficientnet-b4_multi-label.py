r"""The multi-label mode of the Hualu Cup document: calling and smoking, each yes or no.

Trains   image_efficientnet-b4.py with a sigmoid for each of two classes; an image may have both, or none
Data     as image_efficientnet-b4.py; lists whose labels are calling, smoking, calling|smoking or empty:

             cd data/hualu_cup && mkdir -p bits && printf 'calling\nsmoking\n' > bits/classes.txt
             for part in train val; do
                 sed -E 's/,normal(,|\r?$)/,\1/; s/,smoking_calling(,|\r?$)/,calling|smoking\1/' \
                     folds/fold_0/$part.csv > bits/$part.csv
             done
Train    python tools/train.py configs/recipes/hualu_cup/image_efficientnet-b4_multi-label.py
Test     python tools/test.py configs/recipes/hualu_cup/image_efficientnet-b4_multi-label.py \
             work_dirs/recipes/hualu_cup/image_efficientnet-b4_multi-label/best_*.pth
Result   not measured; the document gives no score for this mode alone
"""

_base_ = "_base_/hualu_cup.py"

num_classes = 2
data_preprocessor = dict(num_classes=num_classes)
model = dict(
    head=dict(
        _delete_=True,
        type="MultiLabelLinearClsHead",
        num_classes=num_classes,
        in_channels=1792,
        loss=dict(type="CrossEntropyLoss", use_sigmoid=True),
        thr=0.5,
    )
)
train_dataloader = dict(dataset=dict(ann_file="bits/train.csv", classes="bits/classes.txt", multi_label=True))
val_dataloader = dict(dataset=dict(ann_file="bits/val.csv", classes="bits/classes.txt", multi_label=True))
test_dataloader = val_dataloader
val_evaluator = [dict(type="MeanAveragePrecision", voc=True), dict(type="MultiLabelMetric", thr=0.5)]
test_evaluator = val_evaluator
