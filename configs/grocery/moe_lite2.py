"""Photographs of groceries, fine-tuned from ImageNet weights, with the text: EfficientNet-Lite2 and TF-IDF.

Trains   EfficientNet-Lite2 at 192 px, tested at 224 px, starting from the head of moe_lite2_frozen.py; the first half
         of its layers stays as it is; averaged weights. In float32, which is faster than bfloat16 for depthwise
         convolutions on cores without AMX
Data     as moe_r18.py, and python tools/tfidf.py data/grocery/ocr --tokenizer word --out data/grocery/tfidf; first
         train moe_lite2_frozen.py
Train    python tools/train.py configs/grocery/moe_lite2.py
Test     python tools/test.py configs/grocery/moe_lite2.py work_dirs/grocery/moe_lite2/epoch_6.pth
Result   val, last epoch: top-1 83.8 (+-2.1), packages alone 89 (+-3.1); without the text 79.1 and 71. 16 minutes with
         one thread on two Xeon cores that other work shared, torch 2.14
"""

_base_ = "../_base_/lite_tfidf.py"

from kdxf.engine.config_parts import center_crop, lite_backbone, random_crop, tfidf_text, two_scales

# Often changed.
num_classes = 81
image_size = 192
test_size = 224  # objects are magnified by the crops of training
batch_size = 32
max_epochs = 6
lr = 5e-4
load_from = "work_dirs/grocery/moe_lite2_frozen/epoch_20.pth"  # None starts with a new head

# Sometimes changed.
data_root = "data/grocery/"
tfidf_channels = 512
tokenizer = dict(type="WordTokenizer")
num_workers = 2
cache = None  # a folder that keeps decoded pictures, such as "/dev/shm/pictures" (in memory)

# Hardly ever changed.
train_image, test_image = random_crop(image_size, cache=cache), center_crop(test_size)
train_text, test_text = tfidf_text(data_root + "tfidf", tokenizer)
tta_pipeline = two_scales(test_image, test_text, _base_.pack)
data_preprocessor = dict(num_classes=num_classes)
model = dict(
    image_backbone=lite_backbone("lite2"),
    text_encoder=dict(in_channels=tfidf_channels),
    head=dict(num_classes=num_classes, heads=dict(text=dict(in_channels=tfidf_channels))),
)
loader = dict(batch_size=batch_size, num_workers=num_workers, persistent_workers=num_workers > 0)
dataset = dict(data_root=data_root, data_prefix="images")
train_dataloader = dict(**loader, dataset=dict(**dataset, pipeline=[*train_image, *train_text, *_base_.pack]))
val_dataloader = dict(**loader, dataset=dict(**dataset, pipeline=[*test_image, *test_text, *_base_.pack]))
test_dataloader = val_dataloader
# Classes 28 to 58 are the packages: cartons and pots that look nearly the same but for their print.
val_evaluator = [
    dict(type="Accuracy", topk=(1, 5)),
    dict(type="GroupedAccuracy", groups=dict(packages=list(range(28, 59)))),
]
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(lr=lr))
train_cfg = dict(max_epochs=max_epochs)
