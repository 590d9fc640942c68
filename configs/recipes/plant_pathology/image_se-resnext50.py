"""SE-ResNeXt-50 at 480x768, four classes of apple leaves: the document's model, to be trained on five folds.

Trains   se_resnext50_32x4d (ImageNet weights), pooled -> batch norm without bias -> cosine to each class;
         the document's augmentations, cross-entropy, Adam at 1e-3 in one cycle of 70 epochs, 32 images a step, clipping
         at 1; the six best checkpoints by mean column-wise ROC-AUC are kept. Model, Adam, one cycle, batch size and
         augmentations are from the document's text, all else from its code, except the scale of the cosines. The code
         has cosine restarts instead of one cycle: image_se-resnext50_sgdr.py
Data     data/plant_pathology: images/ and train.csv of Plant Pathology 2020 (Kaggle), the latter renamed to raw.csv;
         then
             python tools/data/convert.py data/plant_pathology/raw.csv --out data/plant_pathology/train.csv \\
                 --pattern 'images/{image}.jpg' --one-hot healthy multiple_diseases rust scab
             python tools/data/kfold.py data/plant_pathology/train.csv --out data/plant_pathology/folds --lists
Train    python tools/train.py configs/recipes/plant_pathology/image_se-resnext50.py --amp      (pipeline.py: all folds)
Test     python tools/test.py configs/recipes/plant_pathology/image_se-resnext50.py \\
             work_dirs/recipes/plant_pathology/image_se-resnext50/best_*.pth --tta
Result   not measured: the photographs belong to Kaggle. The document's five folds with eight views have a mean ROC-AUC
         of 97.988 % on the public board and 98.108 % on the private one.
"""

_base_ = ["../../_base_/schedules/adamw_one-cycle.py", "../../_base_/default_runtime.py"]

# Often changed.
num_classes = 4
image_size = 480  # height
image_width = 768
batch_size = 32  # in total: 16 on each of two GPUs
max_epochs = 70
fold = 0

# Sometimes changed.
data_root = "data/plant_pathology/"
num_workers = 8
lr = 1e-3
scale = 16.0  # of the cosines
metric = "roc-auc/mean"

# Hardly ever changed.
load_image = [
    dict(type="LoadImage", min_edge=image_size),
    dict(type="Resize", scale=(image_width, image_size)),
]
pack = [dict(type="PackImageTextInputs")]
# The document's list, as albumentations 2 names it. Leaves carry no text and may be mirrored.
leaf_view = dict(
    type="Albumentations",
    transforms=[
        dict(
            type="OneOf",
            p=0.5,
            transforms=[
                dict(type="RandomBrightnessContrast", brightness_limit=0.1, contrast_limit=0.0, p=1.0),
                dict(type="RandomBrightnessContrast", brightness_limit=0.0, contrast_limit=0.1, p=1.0),
            ],
        ),
        dict(
            type="OneOf",
            p=0.5,
            transforms=[
                dict(type="MotionBlur", blur_limit=(3, 3)),
                dict(type="MedianBlur", blur_limit=(3, 3)),
                # OpenCV's sigma for three pixels.
                dict(type="GaussianBlur", blur_limit=(3, 3), sigma_limit=(0.8, 0.8)),
            ],
        ),
        dict(type="VerticalFlip", p=0.5),
        dict(type="HorizontalFlip", p=0.5),
        dict(
            type="ShiftScaleRotate",
            shift_limit=0.2,
            scale_limit=0.2,
            rotate_limit=20,
            interpolation=1,  # bilinear
            border_mode=4,  # mirrored without the last pixel
            p=1.0,
        ),
    ],
)
train_pipeline = [*load_image, leaf_view, *pack]
test_pipeline = [*load_image, *pack]
# Eight random training views.
tta_pipeline = [*load_image, dict(type="TestTimeAug", transforms=[[leaf_view] * 8, pack])]
tta_model = dict(type="BatchedClsScoreTTA")

data_preprocessor = dict(
    type="ImageTextDataPreprocessor",
    num_classes=num_classes,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)
model = dict(
    type="ImageTextClassifier",
    image_backbone=dict(type="TIMMBackbone", model_name="se_resnext50_32x4d", pretrained=True),
    image_neck=dict(type="GlobalAveragePooling"),
    # ArcFace without a margin.
    head=dict(
        type="ArcFaceClsHead",
        num_classes=num_classes,
        in_channels=2048,
        embedding_channels=None,
        scale=scale,
        margins=0.0,
        loss=dict(type="LabelSmoothFocalLoss", label_smooth_val=0.0, gamma=0.0),
    ),
    channels_last=True,
)

dataset = dict(type="OCRTextDataset", data_root=data_root, classes="classes.txt")
loader = dict(num_workers=num_workers, persistent_workers=num_workers > 0)
train_dataloader = dict(
    **loader,
    batch_size=batch_size,
    sampler=dict(type="DefaultSampler", shuffle=True),
    drop_last=True,
    dataset=dict(**dataset, ann_file=f"folds/fold_{fold}/train.csv", pipeline=train_pipeline),
)
val_dataloader = dict(
    **loader,
    batch_size=16,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(**dataset, ann_file=f"folds/fold_{fold}/val.csv", pipeline=test_pipeline, test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = [dict(type="MeanROCAUC"), dict(type="Accuracy", topk=(1,))]
test_evaluator = val_evaluator

auto_scale_lr = dict(base_batch_size=32)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="Adam", lr=lr), clip_grad=dict(max_norm=1.0))
param_scheduler = dict(eta_max=lr)
train_cfg = dict(max_epochs=max_epochs)
default_hooks = dict(checkpoint=dict(save_best=metric))
custom_hooks = [
    *_base_.custom_hooks,
    dict(type="TopCheckpointsHook", metric=metric, k=6),
    # Matters only where max_epochs is above 70.
    dict(type="EarlyStoppingHook", monitor=metric, rule="greater", min_delta=0.01, patience=10, min_epochs=70),
]
