"""text_word2vec.py and text_ngrams.py joined: word vectors for meaning, character n-grams for spelling.

Data     as moe_r18.py
Train    python tools/train.py configs/grocery/text_joined.py
Test     python tools/test.py configs/grocery/text_joined.py work_dirs/grocery/text_joined/epoch_45.pth
Result   val, last epoch, two seeds: top-1 25.3 +-1.9, packages alone 62 +-2 (text_word2vec.py: 24.7 and 62);
         docs/text.md has the command. Two Xeon cores shared with other work, torch 2.15.
"""

_base_ = "text_ngrams.py"

train_pipeline = [*_base_.train_text, *_base_.hash_ngrams, *_base_.pack]
test_pipeline = [*_base_.test_text, *_base_.hash_ngrams, *_base_.pack]

words = dict(
    type="Word2VecEncoder",
    in_channels=_base_.vector_channels,
    hidden_channels=256,
    out_channels=_base_.text_channels,
    pooling="attention",
    dropout=0.3,
)
model = dict(
    text_encoder=dict(_delete_=True, type="JoinedTextEncoder", encoders=[words, _base_.model.text_encoder]),
    head=dict(in_channels=_base_.text_channels + _base_.ngram_channels),
)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
