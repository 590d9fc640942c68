"""text_bert.py with a LiLT, which also sees where each line of text stands in the picture.

Trains   lilt-infoxlm-base (12 layers, width 768, a hundred languages), with the box of each OCR line; else as
         text_bert.py. With several GPUs add find_unused_parameters=True: the last layer has weights that are not used
Data     as text_bert.py; the OCR table must have boxes, as those of tools/ocr.py do. The model's folder, about 1.1 GB,
         once:
             hf download SCUT-DLVCLab/lilt-infoxlm-base --local-dir data/pretrained/lilt-infoxlm-base
Train    python tools/train.py configs/text_lilt.py --amp
Test     python tools/test.py configs/text_lilt.py work_dirs/text_lilt/best_*.pth
Result   not measured
"""

_base_ = "text_bert.py"

# Often changed.
pretrained = "data/pretrained/lilt-infoxlm-base"

# Hardly ever changed.
text_pipeline = [
    dict(
        type="TokenizeForTransformer",
        tokenizer=pretrained,
        max_length=_base_.max_length,
        separator="，",
        boxes=True,
    ),
    dict(type="PackImageTextInputs"),
]
model = dict(text_encoder=dict(type="LayoutTextEncoder", pretrained=pretrained))
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=text_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=text_pipeline))
test_dataloader = val_dataloader
