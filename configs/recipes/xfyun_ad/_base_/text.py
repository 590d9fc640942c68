"""What the text models share: a Chinese BERT on the OCR text, with shuffled lines in training.

The experiment sets pretrained, in model.text_encoder and in the pipelines.
"""

_base_ = ["data.py", "schedule.py"]

# Often changed.
max_length = 256  # tokens of one image
lr = 2e-5

# Sometimes changed.
dropout = 0.3
label_smooth_val = 0.1

# Hardly ever changed.
shuffle = [dict(type="ShuffleLines", prob=1.0)]
pack = [dict(type="PackImageTextInputs")]
model = dict(
    type="ImageTextClassifier",
    text_encoder=dict(type="TransformerTextEncoder", pooling="cls", dropout=dropout),
    head=dict(
        type="LinearClsHead",
        num_classes=_base_.num_classes,
        in_channels=768,
        loss=dict(type="LabelSmoothFocalLoss", label_smooth_val=label_smooth_val, gamma=0.0),
        topk=(1, 5),
    ),
)
collate_fn = dict(type="pad_collate")  # a batch is as long as its longest text
train_dataloader = dict(collate_fn=collate_fn)
test_dataloader = dict(collate_fn=collate_fn)

optim_wrapper = dict(optimizer=dict(lr=lr))
param_scheduler = dict(eta_max=lr)
