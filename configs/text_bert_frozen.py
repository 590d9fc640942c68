"""text_bert.py with the transformer frozen: a normalized linear head on features that are computed once.

Trains   the mean of chinese-roberta-wwm-ext's last hidden states, each text encoded once; a normalized linear head,
         40 epochs of AdamW, batch 64, label smoothing 0.1; classes rarer than 2 % repeated
Data     as text_bert.py
Features python tools/features.py configs/text_bert_frozen.py
Train    python tools/train.py configs/text_bert_frozen.py
Test     python tools/test.py configs/text_bert_frozen.py work_dirs/text_bert_frozen/best_*.pth
Result   not measured
"""

_base_ = "text_bert.py"

# Often changed.
max_epochs = 40
lr = 5e-3

# Hardly ever changed.
text_channels = 768  # the transformer's width
text_pipeline = [
    dict(
        type="LoadTextFeature",
        folder="work_dirs/features/text",
        encoder=dict(type="TransformerTextEncoder", pretrained=_base_.pretrained, pooling="mean"),
        text=[_base_.text_pipeline[0]],
    ),
    dict(type="PackImageTextInputs"),
]
model = dict(
    text_encoder=dict(_delete_=True, type="StoredTextFeatures", out_channels=text_channels),
    head=dict(
        _delete_=True,
        type="ArcFaceClsHead",
        num_classes=_base_.num_classes,
        in_channels=text_channels,
        embedding_channels=None,
        batch_norm=False,
        scale=16.0,
        margins=0.0,
        loss=dict(type="LabelSmoothFocalLoss", label_smooth_val=_base_.label_smooth_val, gamma=0.0),
    ),
)
collate_fn = dict(type="default_collate")
train_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(dataset=dict(pipeline=text_pipeline)))
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(pipeline=text_pipeline))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(type="AdamW", lr=lr, weight_decay=0.05))
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=5)
