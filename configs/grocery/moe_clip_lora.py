"""Photographs of groceries by CLIP, fine-tuned with low-rank updates (LoRA) of the image and the text tower.

Trains   CLIP ViT-B/16 at 224 px: updates of rank 8 of queries and values in both towers, whose own weights stay as they
         are; a normalized linear head for each, whose logits are added; 10 epochs of AdamW. Checkpoints hold weights
         and updates; testing, prediction and export take them with this config
Data     as moe_clip_frozen.py
Train    python tools/train.py configs/grocery/moe_clip_lora.py --amp
Test     python tools/test.py configs/grocery/moe_clip_lora.py work_dirs/grocery/moe_clip_lora/best_*.pth
Result   not measured
"""

_base_ = ["../_base_/lite_tfidf.py"]

from kdxf.engine.config_parts import center_crop, random_crop

# Often changed.
pretrained = "data/pretrained/clip-vit-base-patch16"
num_classes = 81
image_size = 224
max_tokens = 77  # of one text; CLIP has no more positions
batch_size = 32
max_epochs = 10
lr = 5e-4
lora = dict(r=8, alpha=16)

# Sometimes changed.
data_root = "data/grocery/"
cache = None  # a folder that keeps decoded pictures, such as "/dev/shm/pictures" (in memory)
channels = 512  # of the space that both towers share

# Hardly ever changed.
tokens = [dict(type="TokenizeForTransformer", tokenizer=pretrained, max_length=max_tokens)]
data_preprocessor = dict(num_classes=num_classes, mean=[122.77, 116.75, 104.09], std=[68.50, 66.63, 70.32])
model = dict(
    image_backbone=dict(
        _delete_=True,
        type="ClipImageEncoder",
        init_cfg=dict(type="Pretrained", checkpoint=pretrained),
        lora=lora,
    ),
    text_encoder=dict(_delete_=True, type="ClipTextEncoder", pretrained=pretrained, lora=lora),
    head=dict(num_classes=num_classes, heads=dict(image=dict(in_channels=channels), text=dict(in_channels=channels))),
    channels_last=False,
)
dataset = dict(data_root=data_root, data_prefix="images")
loader = dict(batch_size=batch_size, num_workers=2, persistent_workers=True, collate_fn=dict(type="pad_collate"))
train_dataloader = dict(
    **loader,
    dataset=dict(**dataset, pipeline=[*random_crop(image_size, cache=cache), *tokens, *_base_.drop, *_base_.pack]),
)
val_dataloader = dict(**loader, dataset=dict(**dataset, pipeline=[*center_crop(image_size), *tokens, *_base_.pack]))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type="Accuracy", topk=(1, 5)),
    dict(type="GroupedAccuracy", groups=dict(packages=list(range(28, 59)))),
]
test_evaluator = val_evaluator
tta_model = None
tta_pipeline = None
optim_wrapper = dict(optimizer=dict(lr=lr))
train_cfg = dict(max_epochs=max_epochs)
custom_hooks = _base_.custom_hooks[:-1]  # LoRA leaves the stem as it is
