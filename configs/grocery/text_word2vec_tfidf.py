"""text_word2vec.py with TF-IDF beside the word vectors.

Data     as moe_r18.py, and python tools/tfidf.py data/grocery/ocr --tokenizer word --out data/grocery/tfidf
Train    python tools/train.py configs/grocery/text_word2vec_tfidf.py
Test     python tools/test.py configs/grocery/text_word2vec_tfidf.py work_dirs/grocery/text_word2vec_tfidf/epoch_45.pth
Result   not measured
"""

_base_ = "text_word2vec.py"

tfidf_channels = 512
encode = [dict(type="EncodeTfidf", folder=_base_.data_root + "tfidf")]

model = dict(
    text_encoder=dict(
        _delete_=True,
        type="JoinedTextEncoder",
        encoders=[_base_.model.text_encoder, dict(type="TfidfEncoder", in_channels=tfidf_channels)],
    ),
    head=dict(in_channels=_base_.text_channels + tfidf_channels),
)
train_dataloader = dict(dataset=dict(pipeline=[*_base_.train_text, *encode, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[*_base_.test_text, *encode, *_base_.pack]))
test_dataloader = val_dataloader
