"""The 137-class advertisement data of the document under data/kdxf (data/README.md has its layout)."""

_base_ = "image_text.py"

from kdxf.engine.config_parts import center_crop, two_scales

# Often changed.
num_classes = 137
batch_size = 32  # per GPU
image_size = 224
max_tokens = 64  # words of one image
oversample_thr = 0.02  # classes rarer than this fraction of the data are repeated

# Sometimes changed.
data_root = "data/kdxf/"
vectors = data_root + "vectors"
tokenizer = dict(type="JiebaTokenizer")
num_workers = 4
cache = None  # a folder that keeps decoded pictures, such as "/dev/shm/pictures" (in memory)
fraction = 1.0  # of the training images: less for a quick trial

# Hardly ever changed: pipelines from parts, so that a variant can take only the image's or only the text's.
# A crop covers at least 30 % of the area, so the decoder may keep sqrt(1 / 0.3) < 2 times the input size.
train_image = [
    dict(type="LoadImage", min_edge=2 * image_size, cache=cache),
    dict(type="EraseText", prob=0.1),
    dict(type="RandomResizedCropKeepText", scale=image_size, crop_ratio_range=(0.3, 1.0)),
    dict(type="FlipUnlessText", prob=0.5),
]
test_image = center_crop(image_size, keep_text=True)
load_text = [dict(type="TokenizeOCR", tokenizer=tokenizer)]
look_up = [dict(type="LookUpWordVectors", vectors=vectors, max_tokens=max_tokens)]
train_text = test_text = [*load_text, *look_up]
tta_pipeline = two_scales(test_image, test_text, _base_.pack)

data_preprocessor = dict(num_classes=num_classes)
loader = dict(batch_size=batch_size, num_workers=num_workers, persistent_workers=num_workers > 0)
train_dataloader = dict(
    **loader,
    dataset=dict(
        _delete_=True,
        type="ClassBalancedDataset",
        oversample_thr=oversample_thr,
        dataset=dict(
            **_base_.train_dataloader.dataset,
            data_root=data_root,
            fraction=fraction,
            pipeline=[*train_image, *train_text, *_base_.pack],
        ),
    ),
)
val_dataloader = dict(**loader, dataset=dict(data_root=data_root, pipeline=[*test_image, *test_text, *_base_.pack]))
test_dataloader = val_dataloader
