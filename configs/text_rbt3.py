"""text_bert.py with a RoBERTa of three layers in place of twelve.

Trains   rbt3 (the first 3 of 12 layers of chinese-roberta-wwm-ext, width 768, trained further), else as text_bert.py
Data     as text_bert.py; the model's folder, about 150 MB, once:
             hf download hfl/rbt3 --local-dir data/pretrained/rbt3
Train    python tools/train.py configs/text_rbt3.py --amp
Test     python tools/test.py configs/text_rbt3.py work_dirs/text_rbt3/best_*.pth
Result   not measured
"""

_base_ = "text_bert.py"

# Often changed.
pretrained = "data/pretrained/rbt3"

# Hardly ever changed.
text_pipeline = [
    dict(type="TokenizeForTransformer", tokenizer=pretrained, max_length=_base_.max_length, separator="，"),
    dict(type="PackImageTextInputs"),
]
model = dict(text_encoder=dict(pretrained=pretrained))
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=text_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=text_pipeline))
test_dataloader = val_dataloader
