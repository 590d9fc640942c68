"""The ground of the comparison of training techniques: moe_r18.py at 64 px, 12 epochs, plain cross-entropy.

Train    python tools/train.py configs/grocery/craft/cross_entropy.py
Test     python tools/test.py configs/grocery/craft/cross_entropy.py work_dirs/grocery/craft/cross_entropy/epoch_12.pth
Result   in docs/training.md, with the others of this folder
"""

_base_ = "../moe_r18.py"

image_size = 64
max_epochs = 12

train_image = [
    dict(type="LoadImage", min_edge=image_size * 3 // 2),
    dict(type="RandomResizedCropKeepText", scale=image_size, crop_ratio_range=(0.35, 1.0)),
    dict(type="FlipUnlessText", prob=0.5),
    dict(type="ColorJitter", brightness=0.3, contrast=0.3, saturation=0.3, backend="cv2"),
]
test_image = [
    dict(type="LoadImage", min_edge=image_size * 8 // 7),
    dict(type="ResizeEdge", scale=image_size * 8 // 7, edge="short"),
    dict(type="CenterCropKeepText", crop_size=image_size),
]
train_dataloader = dict(dataset=dict(pipeline=[*train_image, *_base_.train_text, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[*test_image, *_base_.test_text, *_base_.pack]))
test_dataloader = val_dataloader

model = dict(head=dict(loss=dict(label_smooth_val=0.0)))
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)

val_evaluator = [
    *_base_.val_evaluator,
    dict(type="MeanAveragePrecision"),
    dict(type="MeanClassAccuracy"),
    dict(type="CalibrationError"),
]
test_evaluator = val_evaluator

tta_pipeline = [
    dict(type="LoadImage", min_edge=image_size * 8 // 7),
    *_base_.test_text,
    dict(
        type="TestTimeAug",
        transforms=[
            [
                dict(type="ResizeEdge", scale=image_size * 8 // 7, edge="short"),
                dict(type="ResizeEdge", scale=image_size * 9 // 7, edge="short"),
            ],
            [dict(type="CenterCropKeepText", crop_size=image_size)],
            [dict(type="FlipUnlessText", prob=0.0), dict(type="FlipUnlessText", prob=1.0)],
            _base_.pack,
        ],
    ),
]
