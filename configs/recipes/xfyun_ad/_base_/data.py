"""Advertisements of 137 classes under data/xfyun_ad; all labelled images are used for training.

Unpack the contest's archives (data/README.md has the links) to one folder per class in train/ and images in test/:

    python tools/data/split.py data/xfyun_ad/train --root data/xfyun_ad --test data/xfyun_ad/test
    python tools/ocr.py data/xfyun_ad/train data/xfyun_ad/test --root data/xfyun_ad --out data/xfyun_ad/ocr
"""

# Often changed.
num_classes = 137
# The document's fold = -1. To compare models use "train.csv", which shares no image with val.csv.
train_list = "train_full.csv"
data_root = "data/xfyun_ad/"
image_size = 384  # of the image models

# Sometimes changed.
batch_size = 64  # in total: 32 on each of two GPUs
num_workers = 4
ocr_engine = dict(type="RapidOCREngine")  # reads new images, as tools/ocr.py read those of the OCR table

# Hardly ever changed.
data_preprocessor = dict(
    type="ImageTextDataPreprocessor",
    num_classes=num_classes,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)
dataset = dict(type="OCRTextDataset", data_root=data_root, ocr_file="ocr", classes="classes.txt")
loader = dict(batch_size=batch_size, num_workers=num_workers, persistent_workers=num_workers > 0)
train_dataloader = dict(
    **loader,
    sampler=dict(type="DefaultSampler", shuffle=True),
    drop_last=True,
    dataset=dict(**dataset, ann_file=train_list),
)
# No validation: val.csv is a part of train_full.csv, so a score on it means something only with another train_list.
val_dataloader = None
val_evaluator = None
test_dataloader = dict(
    **loader,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(**dataset, ann_file="val.csv", test_mode=True),
)
test_evaluator = dict(type="Accuracy", topk=(1, 5))
