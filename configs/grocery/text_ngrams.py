"""moe_r18.py without image and word vectors: a bag of character n-grams, learned with the classifier.

Data     as moe_r18.py, without vectors
Train    python tools/train.py configs/grocery/text_ngrams.py
Test     python tools/test.py configs/grocery/text_ngrams.py work_dirs/grocery/text_ngrams/epoch_45.pth
Result   val, last epoch, two seeds: top-1 25.8 +-0.7, packages alone 66 +-1 (text_word2vec.py: 24.7 and 62);
         docs/text.md has the command. Two Xeon cores shared with other work, torch 2.15.
"""

_base_ = "text_word2vec.py"

buckets = 2**15
ngram_channels = 128
hash_ngrams = [dict(type="HashNgrams", buckets=buckets)]

train_pipeline = [*_base_.load_text, dict(type="DropWords", prob=0.2), *hash_ngrams, *_base_.pack]
test_pipeline = [*_base_.load_text, *hash_ngrams, *_base_.pack]

model = dict(
    text_encoder=dict(_delete_=True, type="NgramEncoder", buckets=buckets, out_channels=ngram_channels, dropout=0.3),
    head=dict(in_channels=ngram_channels),
)
train_dataloader = dict(collate_fn=dict(type="pad_collate"), dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(collate_fn=dict(type="pad_collate"), dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
