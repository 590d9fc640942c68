"""Chinese RoBERTa, distilled from the ensemble: the document's text model for the final.

Trains   chinese-roberta-wwm-ext on the labelled images, and on the test set with the ensemble's predictions as soft
         labels; lines in order, no label smoothing, dropout 0.1, no weight averaging; otherwise as
         text_roberta-wwm-ext.py. (The document also tried the smaller rbt3, which did worse.)
Data     data/xfyun_ad with pseudo.csv and pseudo.parquet by tools/recipes/pseudo_label.py; pipeline.py makes them
Train    python tools/train.py configs/recipes/xfyun_ad/text_roberta-wwm-ext_student.py --amp
Test     python tools/test.py configs/recipes/xfyun_ad/text_roberta-wwm-ext_student.py \\
             work_dirs/recipes/xfyun_ad/text_roberta-wwm-ext_student/epoch_30.pth
Result   not measured: the contest's data are not public. With image_efficientnet-b0_student.py the document expects
         0.907 to 0.909 on the board of the semi-final.
"""

_base_ = "text_roberta-wwm-ext.py"

model = dict(text_encoder=dict(dropout=0.1), head=dict(loss=dict(label_smooth_val=0.0)))
train_dataloader = dict(
    dataset=dict(
        ann_file="pseudo.csv",
        soft_label_file="pseudo.parquet",
        pipeline=[*_base_.tokenize, *_base_.pack],
    )
)
custom_hooks = _base_.custom_hooks[:-1]
