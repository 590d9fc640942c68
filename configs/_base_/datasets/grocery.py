"""GroceryStoreDataset under data/grocery: photographs of 81 kinds of groceries; packages carry text, fruit does not.

configs/grocery/moe_r18.py has the commands that lay it out (tools/data/grocery.py), read it (tools/ocr.py) and train
its word vectors (tools/word2vec.py).
"""

_base_ = "image_text.py"

from kdxf.engine.config_parts import center_crop, random_crop, two_scales

# Often changed.
num_classes = 81
batch_size = 32
image_size = 96
max_tokens = 32  # words of one image

# Sometimes changed.
data_root = "data/grocery/"
vectors = data_root + "vectors"
vector_channels = 100
tokenizer = dict(type="WordTokenizer")
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
dataset = dict(data_root=data_root, data_prefix="images")
train_dataloader = dict(
    **loader,
    dataset=dict(**dataset, fraction=fraction, pipeline=[*train_image, *train_text, *_base_.drop, *_base_.pack]),
)
val_dataloader = dict(**loader, dataset=dict(**dataset, pipeline=[*test_image, *test_text, *_base_.pack]))
test_dataloader = val_dataloader
# Classes 28 to 58 are the packages: cartons and pots that look nearly the same but for their print.
val_evaluator = [
    _base_.val_evaluator,
    dict(type="GroupedAccuracy", groups=dict(packages=list(range(28, 59)))),
]
test_evaluator = val_evaluator
