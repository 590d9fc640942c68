"""Chinese RoBERTa on the text alone, with the hyper-parameters of the 137-class document.

Trains   chinese-roberta-wwm-ext (a BERT: 12 layers, width 768, whole-word masking), first token -> dropout 0.3 ->
         linear; up to 256 tokens, batch 64, AdamW at 2e-5, label smoothing 0.1, 30 epochs;
         classes rarer than 2 % repeated
Data     as moe_r101.py, without vectors; the model's folder, about 400 MB, once:
             hf download hfl/chinese-roberta-wwm-ext --local-dir data/pretrained/chinese-roberta-wwm-ext
         The document's other two, chinese-bert-wwm-ext and chinese-bert-wwm, work as well: change `pretrained`
Train    python tools/train.py configs/text_bert.py --amp
Test     python tools/test.py configs/text_bert.py work_dirs/text_bert/best_*.pth
Result   not measured
"""

_base_ = ["_base_/datasets/kdxf.py", "_base_/default_runtime.py"]

# Often changed.
pretrained = "data/pretrained/chinese-roberta-wwm-ext"
max_length = 256  # tokens of one image
batch_size = 64  # per GPU; the document's total. With more GPUs use --auto-scale-lr
max_epochs = 30
lr = 2e-5

# Sometimes changed.
dropout = 0.3
label_smooth_val = 0.1
auto_scale_lr = dict(base_batch_size=64, enable=False)

# Hardly ever changed.
text_pipeline = [
    dict(type="TokenizeForTransformer", tokenizer=pretrained, max_length=max_length, separator="，"),
    dict(type="PackImageTextInputs"),
]
model = dict(
    type="ImageTextClassifier",
    text_encoder=dict(type="TransformerTextEncoder", pretrained=pretrained, pooling="cls", dropout=dropout),
    head=dict(
        type="LinearClsHead",
        num_classes=_base_.num_classes,
        in_channels=768,
        loss=dict(type="LabelSmoothFocalLoss", label_smooth_val=label_smooth_val, gamma=0.0),
        topk=(1, 5),
    ),
)
collate_fn = dict(type="pad_collate")  # a batch is as long as its longest text
train_dataloader = dict(
    batch_size=batch_size, collate_fn=collate_fn, dataset=dict(dataset=dict(pipeline=text_pipeline))
)
val_dataloader = dict(batch_size=batch_size, collate_fn=collate_fn, dataset=dict(pipeline=text_pipeline))
test_dataloader = val_dataloader
tta_model = None
tta_pipeline = None

optim_wrapper = dict(
    optimizer=dict(type="AdamW", lr=lr, weight_decay=0.01),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=True, end=2, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", eta_min=0, by_epoch=True, begin=2, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=1)
val_cfg = dict()
test_cfg = dict()
