"""What the image models share: a timm backbone, mixup, label smoothing, a learned augmentation policy.

The experiment sets model.image_backbone.model_name and model.head.in_channels.
"""

_base_ = ["data.py", "schedule.py"]

# Often changed: the augmentation policy, a file such as "data/xfyun_ad/policy.json", which kdxf tune finds with
# space = {"policy": dict(operations=[...])}, or AutoAlbument (https://albumentations.ai/docs/autoalbument/, its
# latest.json; 17 epochs in the document). With None, each image gets at random one of the operations that AutoAlbument
# chooses from.
policy = None

# Sometimes changed.
mixup_alpha = 0.4
label_smooth_val = 0.1
drop_rate = 0.3

# Hardly ever changed. Mirrors are left out: nobody can read mirrored text.
stand_in = dict(
    type="OneOf",
    p=0.9,
    transforms=[
        dict(type="RandomBrightnessContrast", brightness_limit=0.3, contrast_limit=0.0, p=1.0),
        dict(type="RandomBrightnessContrast", brightness_limit=0.0, contrast_limit=0.3, p=1.0),
        dict(type="RGBShift", r_shift_limit=40, g_shift_limit=40, b_shift_limit=40, p=1.0),
        dict(type="Solarize", threshold_range=(0.5, 1.0), p=1.0),
        dict(type="ShiftScaleRotate", shift_limit=0.1, scale_limit=0.0, rotate_limit=0, border_mode=4, p=1.0),
        dict(type="ShiftScaleRotate", shift_limit=0.0, scale_limit=0.2, rotate_limit=0, border_mode=4, p=1.0),
        dict(type="ShiftScaleRotate", shift_limit=0.0, scale_limit=0.0, rotate_limit=15, border_mode=4, p=1.0),
        dict(
            type="CoarseDropout",
            num_holes_range=(1, 4),
            hole_height_range=(0.05, 0.2),
            hole_width_range=(0.05, 0.2),
            p=1.0,
        ),
    ],
)
augment = [dict(type="Albumentations", file=policy) if policy else dict(type="Albumentations", transforms=[stand_in])]
pack = [dict(type="PackImageTextInputs")]
load_image = [
    dict(type="LoadImage", min_edge=_base_.image_size),
    dict(type="Resize", scale=(_base_.image_size, _base_.image_size)),  # the whole image, squeezed, as in the document
]
# The document's test-time augmentation is a mirror; images with text are not mirrored.
views = dict(type="TestTimeAug", transforms=[[dict(type="FlipUnlessText", prob=prob) for prob in (0.0, 1.0)], pack])

model = dict(
    type="ImageTextClassifier",
    # timm pools, because its dropout comes after pooling.
    image_backbone=dict(type="TIMMBackbone", pretrained=True, global_pool="avg", drop_rate=drop_rate),
    head=dict(
        type="LinearClsHead",
        num_classes=_base_.num_classes,
        loss=dict(type="LabelSmoothFocalLoss", label_smooth_val=label_smooth_val, gamma=0.0),
        topk=(1, 5),
    ),
    train_cfg=dict(augments=dict(type="Mixup", alpha=mixup_alpha)),
    channels_last=True,
)
train_dataloader = dict(dataset=dict(pipeline=[*load_image, *augment, *pack]))
test_dataloader = dict(dataset=dict(pipeline=[*load_image, *pack]))
tta_model = dict(type="BatchedClsScoreTTA")
tta_pipeline = [*load_image, views]
