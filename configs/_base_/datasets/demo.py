"""The demo: drawn Chinese advertisements of 12 classes under data/demo (its README says how they are made).

For other data copy this file within this folder and change the settings at its top.
"""

_base_ = "image_text.py"

from kdxf.engine.config_parts import center_crop, random_crop, two_scales

# Often changed.
num_classes = 12
batch_size = 32
image_size = 96
max_tokens = 32  # words of one image

# Sometimes changed.
data_root = "data/demo/"
ocr_engine = dict(min_side=400)  # small pictures, large print: as the OCR table of the demo, not by default
test_list = "val.csv"  # what tools/test.py scores: "test.csv" if there is one (tools/data/split.py --test-fraction)
vectors = data_root + "vectors"
vector_channels = 64
tokenizer = dict(type="JiebaTokenizer")
cache = None  # a folder that keeps decoded pictures, such as "/dev/shm/pictures" (in memory)
num_workers = 2
fraction = 1.0  # of the training images: less for a quick trial

# Hardly ever changed: pipelines from parts, so that a variant can take only the image's or only the text's.
train_image = random_crop(image_size, cache=cache)
test_image = center_crop(image_size)
load_text = [dict(type="TokenizeOCR", tokenizer=tokenizer)]
look_up = [dict(type="LookUpWordVectors", vectors=vectors, max_tokens=max_tokens)]
train_text = [*load_text, dict(type="DropWords", prob=0.2), *look_up]
test_text = [*load_text, *look_up]
tta_pipeline = two_scales(test_image, test_text, _base_.pack)

data_preprocessor = dict(num_classes=num_classes)
loader = dict(batch_size=batch_size, num_workers=num_workers, persistent_workers=num_workers > 0)
train_dataloader = dict(
    **loader,
    dataset=dict(
        data_root=data_root, fraction=fraction, pipeline=[*train_image, *train_text, *_base_.drop, *_base_.pack]
    ),
)
held_out = dict(data_root=data_root, pipeline=[*test_image, *test_text, *_base_.pack])
val_dataloader = dict(**loader, dataset=held_out)
test_dataloader = dict(**loader, dataset=dict(**held_out, ann_file=test_list))
