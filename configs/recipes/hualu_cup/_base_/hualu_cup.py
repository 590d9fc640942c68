"""The calling-and-smoking photographs of the Hualu Cup under data/hualu_cup, and EfficientNet-B4 at 600 px.

pipeline.py prepares everything from the published folders: it merges the three batches, shrinks them to 600 px, removes
duplicates, makes five folds (images/, lists/classes.txt, folds/fold_0/train.csv ...) and adds images by offline CutMix
(cutmix/fold_0/train.csv ...). The configs use fold 0; tools/recipes/kfold.py trains the other folds as well.
"""

_base_ = ["../../../_base_/schedules/ranger_sgdr.py", "../../../_base_/default_runtime.py"]

# Often changed.
num_classes = 4  # calling, normal, smoking, smoking_calling
batch_size = 3  # what 6 GB hold; the document suggests more on a larger card
image_size = 600
lr = 2e-4
max_epochs = 35
periods = [10, 20, 40]  # SGDR with T0 = 10 and Tmult = 2; or [5, 10, 20], the document's alternative

# Sometimes changed. The first two are for small cards: gradient accumulation, and less memory for more time.
accumulative_counts = 1
with_cp = False
data_root = "data/hualu_cup/"
num_workers = 4

# Hardly ever changed. Angles, probabilities and widths are those of the document's code; rotation leaves black corners.
photometric = [
    dict(type="RandomBrightnessContrast", brightness_limit=0.1, contrast_limit=0.0, p=1.0),
    dict(type="RandomBrightnessContrast", brightness_limit=0.0, contrast_limit=0.1, p=1.0),
    dict(type="RandomGamma", gamma_limit=(50, 150), p=1.0),
    dict(type="HueSaturationValue", hue_shift_limit=10, sat_shift_limit=10, val_shift_limit=10, p=1.0),
]
blur_or_noise = [
    dict(type="MotionBlur", blur_limit=3, p=0.2),
    dict(type="MedianBlur", blur_limit=3, p=0.2),
    dict(type="GaussianBlur", blur_limit=3, p=0.1),
    dict(type="GaussNoise", std_range=(10**0.5 / 255, 50**0.5 / 255), p=0.5),
]
augment = [
    dict(type="ShiftScaleRotate", shift_limit=0.1, scale_limit=0.1, rotate_limit=20, border_mode=0, p=0.6),
    dict(type="HorizontalFlip", p=0.5),  # these photographs carry no text
    dict(type="OneOf", transforms=photometric, p=0.8),
    dict(type="OneOf", transforms=blur_or_noise, p=0.8),
]
train_pipeline = [
    dict(type="LoadImage", min_edge=image_size),
    dict(type="Letterbox", scale=image_size, reflect_prob=0.7),  # black otherwise
    dict(type="Albumentations", transforms=augment),
    dict(type="PackImageTextInputs"),
]
test_pipeline = [
    dict(type="LoadImage", min_edge=image_size),
    dict(type="Letterbox", scale=image_size, reflect_prob=1.0),
    dict(type="PackImageTextInputs"),
]

# AdvProp weights expect inputs from -1 to 1.
data_preprocessor = dict(
    type="ImageTextDataPreprocessor", num_classes=num_classes, mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True
)
model = dict(
    type="ImageTextClassifier",
    image_backbone=dict(
        type="TIMMBackbone",
        model_name="tf_efficientnet_b4_ap",
        pretrained=True,  # downloaded; offline: init_cfg=dict(type="Pretrained", checkpoint=FILE) instead
        global_pool="avg",
        drop_rate=0.4,  # EfficientNet-B4's own dropout and stochastic depth
        drop_path_rate=0.2,
        with_cp=with_cp,
    ),
    head=dict(
        type="LinearClsHead",
        num_classes=num_classes,
        in_channels=1792,
        # Cross-entropy, also with soft targets. The document found focal loss (gamma=2) no better.
        loss=dict(type="LabelSmoothFocalLoss", label_smooth_val=0.0, gamma=0.0),
    ),
    channels_last=True,
)

dataset = dict(type="OCRTextDataset", data_root=data_root, data_prefix="images", classes="lists/classes.txt")
loader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    persistent_workers=True,
    collate_fn=dict(type="default_collate"),
)
train_dataloader = dict(
    **loader,
    sampler=dict(type="DefaultSampler", shuffle=True),
    drop_last=True,
    dataset=dict(**dataset, ann_file="folds/fold_0/train.csv", pipeline=train_pipeline),
)
val_dataloader = dict(
    **loader,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(**dataset, ann_file="folds/fold_0/val.csv", pipeline=test_pipeline, test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = [dict(type="MeanAveragePrecision", voc=True), dict(type="Accuracy", topk=(1,))]
test_evaluator = val_evaluator

# Ranger without weight decay; gradients are clamped to -1..1, value by value.
optim_wrapper = dict(optimizer=dict(lr=lr), accumulative_counts=accumulative_counts)
param_scheduler = dict(periods=periods, eta_min=0.0)
train_cfg = dict(max_epochs=max_epochs)

default_hooks = dict(checkpoint=dict(save_best="average-precision/mAP"))
early_stopping = dict(
    type="EarlyStoppingHook", monitor="average-precision/mAP", rule="greater", patience=26, min_delta=0.0
)
custom_hooks = [dict(type="UnreadableImageHook"), dict(type="HyperParametersHook"), early_stopping]
