"""Chinese BERT, trained on Wikipedia: one of the document's three text models.

Trains   chinese-bert-wwm (12 layers, width 768), first token -> dropout 0.3 -> linear; up to 256 tokens
         of shuffled lines, label smoothing 0.1, AdamW at 2e-5 in one cycle of 30 epochs, 64 texts a step,
         clipping at 10; all labelled images (fold -1). The document keeps Chinese characters
         only; here brands, numbers and prices stay (chinese_only=True in the pipelines drops them)
Data     data/xfyun_ad, by the commands in _base_/data.py; the model's folder, about 400 MB, once:
             hf download hfl/chinese-bert-wwm --local-dir data/pretrained/chinese-bert-wwm
Train    python tools/train.py configs/recipes/xfyun_ad/text_bert-wwm.py --amp
Test     python tools/test.py configs/recipes/xfyun_ad/text_bert-wwm.py \\
             work_dirs/recipes/xfyun_ad/text_bert-wwm/epoch_30.pth
Result   not measured: the contest's data are not public. The document scores no single model; it estimates
         0.907 to 0.909 on the board of the semi-final for all together (pipeline.py). 12 hours on 2 x TITAN RTX.
"""

_base_ = "_base_/text.py"

pretrained = "data/pretrained/chinese-bert-wwm"

tokenize = [dict(type="TokenizeForTransformer", tokenizer=pretrained, max_length=_base_.max_length, separator="，")]
model = dict(text_encoder=dict(pretrained=pretrained))
train_dataloader = dict(dataset=dict(pipeline=[*_base_.shuffle, *tokenize, *_base_.pack]))
test_dataloader = dict(dataset=dict(pipeline=[*tokenize, *_base_.pack]))
# No weight averaging here, as in the document.
custom_hooks = _base_.custom_hooks[:-1]
