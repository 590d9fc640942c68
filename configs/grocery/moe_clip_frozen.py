"""Photographs of groceries by a frozen CLIP: a head for the image and one for the text, on features computed once.

Trains   the image and the text tower of CLIP ViT-B/16 at 224 px, frozen: each photograph is encoded once, as five
         views, and each text once, up to 77 tokens; a normalized linear head for each, whose logits are added;
         20 epochs of AdamW
Data     as moe_r18.py; the model's folder, about 600 MB, once:
             hf download openai/clip-vit-base-patch16 --local-dir data/pretrained/clip-vit-base-patch16
         For Chinese texts take OFA-Sys/chinese-clip-vit-base-patch16 with max_tokens=52, likewise 512 channels
Features python tools/features.py configs/grocery/moe_clip_frozen.py
Train    python tools/train.py configs/grocery/moe_clip_frozen.py
Test     python tools/test.py configs/grocery/moe_clip_frozen.py work_dirs/grocery/moe_clip_frozen/epoch_20.pth
Result   not measured
"""

_base_ = ["../_base_/lite_tfidf_frozen.py"]

from kdxf.engine.config_parts import stored_image

# Often changed.
pretrained = "data/pretrained/clip-vit-base-patch16"
num_classes = 81
image_size = 224
max_tokens = 77  # of one text; CLIP has no more positions
views = 4  # for training, besides the test view
max_epochs = 20
lr = 2e-2

# Sometimes changed.
data_root = "data/grocery/"
channels = 512  # of the space that both towers share

# Hardly ever changed.
backbone = dict(type="ClipImageEncoder", init_cfg=dict(type="Pretrained", checkpoint=pretrained))
train_image, test_image = stored_image("work_dirs/features/grocery", backbone, image_size, views)
tokens = [
    dict(
        type="LoadTextFeature",
        folder="work_dirs/features/text",
        encoder=dict(type="ClipTextEncoder", pretrained=pretrained),
        text=[dict(type="TokenizeForTransformer", tokenizer=pretrained, max_length=max_tokens)],
    )
]
data_preprocessor = dict(num_classes=num_classes)
model = dict(
    image_backbone=dict(out_channels=channels),
    text_encoder=dict(_delete_=True, type="StoredTextFeatures", out_channels=channels),
    head=dict(num_classes=num_classes, heads=dict(image=dict(in_channels=channels), text=dict(in_channels=channels))),
)
dataset = dict(data_root=data_root, data_prefix="images")
train_dataloader = dict(
    batch_size=64, dataset=dict(**dataset, pipeline=[*train_image, *tokens, *_base_.drop, *_base_.pack])
)
val_dataloader = dict(dataset=dict(**dataset, pipeline=[*test_image, *tokens, *_base_.pack]))
test_dataloader = val_dataloader
# Classes 28 to 58 are the packages: cartons and pots that look nearly the same but for their print.
val_evaluator = [
    dict(type="Accuracy", topk=(1, 5)),
    dict(type="GroupedAccuracy", groups=dict(packages=list(range(28, 59)))),
]
test_evaluator = val_evaluator
tta_model = None
tta_pipeline = None
optim_wrapper = dict(optimizer=dict(lr=lr))
train_cfg = dict(max_epochs=max_epochs)
