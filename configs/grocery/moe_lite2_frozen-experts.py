"""The flagship's fusion on frozen features: EfficientNet-Lite2 and word vectors under a mixture of experts.

Trains   a text encoder and a head of 4 experts on the features of moe_lite2_frozen.py and on the vectors of moe_r18.py;
         20 epochs of AdamW
Data     as moe_r18.py
Features python tools/features.py configs/grocery/moe_lite2_frozen.py
Train    python tools/train.py configs/grocery/moe_lite2_frozen-experts.py
Test     python tools/test.py configs/grocery/moe_lite2_frozen-experts.py \
             work_dirs/grocery/moe_lite2_frozen-experts/epoch_20.pth
Result   folds 0 and 1: top-1 97.6, 96.4;
         docs/training.md has the command
"""

_base_ = "moe_lite2_frozen.py"

# Often changed.
lr = 1e-3

# Sometimes changed.
vectors = "data/grocery/vectors"
vector_channels = 100
text_channels = 256
max_tokens = 32  # words of one image

# Hardly ever changed.
cut, drop_words, _ = _base_.train_text
look_up = dict(type="LookUpWordVectors", vectors=vectors, max_tokens=max_tokens)
model = dict(
    text_encoder=dict(
        _delete_=True,
        type="Word2VecEncoder",
        in_channels=vector_channels,
        hidden_channels=256,
        out_channels=text_channels,
        pooling="attention",
        dropout=0.3,
    ),
    head=dict(
        _delete_=True,
        type="MoEClsHead",
        num_classes=_base_.num_classes,
        in_channels=_base_.image_channels + text_channels,
        hidden_channels=512,
        num_experts=4,
        se_reduction=2,
        dropout=0.3,
        loss=dict(type="LabelSmoothFocalLoss", label_smooth_val=0.1, gamma=0.0),
    ),
)
train_dataloader = dict(
    dataset=dict(pipeline=[*_base_.train_image, cut, drop_words, look_up, *_base_.drop, *_base_.pack])
)
val_dataloader = dict(dataset=dict(pipeline=[*_base_.test_image, cut, look_up, *_base_.pack]))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=lr))
