"""What `kdxf fit` trains first: lite_tfidf.py with the backbone frozen, on features that are computed once.

The config that names this base sets what the other needs; its pipelines load the features. The head is the other's, so
that fine-tuning can start from it.
"""

_base_ = "lite_tfidf.py"

hard = dict(type="CrossEntropyLoss", _delete_=True)
image_head = dict(loss=hard)

data_preprocessor = dict(_delete_=True, type="ImageTextDataPreprocessor")
model = dict(
    image_backbone=dict(_delete_=True, type="StoredFeatures", out_channels=_base_.image_channels),
    head=dict(loss=hard, heads=dict(image=image_head)),
    channels_last=False,
)
loader = dict(num_workers=0, persistent_workers=False)
train_dataloader = loader
val_dataloader = dict(**loader, batch_size=256)
test_dataloader = val_dataloader
optim_wrapper = dict(_delete_=True, type="OptimWrapper", optimizer=dict(type="AdamW", lr=5e-3, weight_decay=0.05))
train_cfg = dict(val_interval=10)
custom_hooks = _base_.custom_hooks[:-2]  # nothing is averaged, all of the backbone is frozen
default_hooks = dict(checkpoint=dict(interval=10))
