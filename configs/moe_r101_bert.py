"""moe_r101.py with Chinese RoBERTa in place of the word vectors.

Trains   ResNet-101 (ImageNet weights) and chinese-roberta-wwm-ext, fused by the mixture of experts; 30 epochs of AdamW,
         the transformer at 2e-5, all else at ten times that rate
Data     as moe_r101.py, without vectors; the model's folder, as text_bert.py fetches it
Train    python tools/train.py configs/moe_r101_bert.py --amp
Test     python tools/test.py configs/moe_r101_bert.py work_dirs/moe_r101_bert/best_*.pth --tta
Result   not measured
"""

_base_ = "moe_r101.py"

pretrained = "data/pretrained/chinese-roberta-wwm-ext"
max_length = 256  # tokens of one image
text_channels = 1024
lr = 2e-4  # for 32 images a step
text_lr_mult = 0.1

tokenize = [dict(type="TokenizeForTransformer", tokenizer=pretrained, max_length=max_length, separator="，")]
train_pipeline = [*_base_.train_image, *tokenize, *_base_.pack]
test_pipeline = [*_base_.test_image, *tokenize, *_base_.pack]
tta_pipeline = [_base_.tta_pipeline[0], *tokenize, _base_.tta_pipeline[-1]]

model = dict(
    text_encoder=dict(
        _delete_=True,
        type="TransformerTextEncoder",
        pretrained=pretrained,
        pooling="cls",
        out_channels=text_channels,
        dropout=0.3,
    ),
)
collate_fn = dict(type="pad_collate")  # a batch is as long as its longest text
train_dataloader = dict(collate_fn=collate_fn, dataset=dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader = dict(collate_fn=collate_fn, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

optim_wrapper = dict(
    optimizer=dict(_delete_=True, type="AdamW", lr=lr, weight_decay=0.01),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        custom_keys={"text_encoder.model": dict(lr_mult=text_lr_mult)},
    ),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=True, end=2, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", eta_min=0, by_epoch=True, begin=2, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=30)
