"""text_bert.py with a Chinese XLNet, which has no limit of positions and reads its tokens with sentencepiece.

Trains   chinese-xlnet-base (12 layers, width 768); its classification token, which is the last one; else as
         text_bert.py. With several GPUs add find_unused_parameters=True: XLNet does not use all of its weights
Data     as text_bert.py; the model's folder, about 450 MB, once, and the extra transformers (with sentencepiece):
             hf download hfl/chinese-xlnet-base --local-dir data/pretrained/chinese-xlnet-base
Train    python tools/train.py configs/text_xlnet.py --amp
Test     python tools/test.py configs/text_xlnet.py work_dirs/text_xlnet/best_*.pth
Result   not measured
"""

_base_ = "text_bert.py"

# Often changed.
pretrained = "data/pretrained/chinese-xlnet-base"

# Hardly ever changed.
text_pipeline = [
    dict(type="TokenizeForTransformer", tokenizer=pretrained, max_length=_base_.max_length, separator="，"),
    dict(type="PackImageTextInputs"),
]
model = dict(text_encoder=dict(pretrained=pretrained))
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=text_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=text_pipeline))
test_dataloader = val_dataloader
