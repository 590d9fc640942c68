"""image_lite2_frozen.py, the image alone, with moe_lite2_frozen.py, which reads the text too, as its teacher.

Data     as moe_lite2_frozen.py
Features python tools/features.py configs/grocery/image_lite2_frozen.py
Train    python tools/train.py configs/grocery/moe_lite2_frozen.py
         python tools/train.py configs/grocery/image_lite2_frozen-distilled.py
Test     python tools/test.py configs/grocery/image_lite2_frozen-distilled.py \
             work_dirs/grocery/image_lite2_frozen-distilled/epoch_20.pth
Result   docs/training.md has the figures, with and without the teacher, and the command
"""

_base_ = "image_lite2_frozen.py"

teacher = dict(
    config="configs/grocery/moe_lite2_frozen.py", checkpoint="work_dirs/grocery/moe_lite2_frozen/epoch_20.pth"
)
model = dict(distillation=dict(type="Distillation", teachers=[teacher], temperature=2.0))
# The text is for the teacher; the student has no part that takes it.
train_dataloader = dict(dataset=dict(pipeline=[*_base_.train_image, *_base_.train_text, *_base_.pack]))
