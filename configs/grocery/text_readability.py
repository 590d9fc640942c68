"""text_word2vec.py with features of readability: the number of words, the confidence of OCR, the size of the text.

Data     as moe_r18.py
Train    python tools/train.py configs/grocery/text_readability.py
Test     python tools/test.py configs/grocery/text_readability.py work_dirs/grocery/text_readability/epoch_45.pth
Result   val, last epoch, two seeds: top-1 24.2 +-0.2, packages alone 61 +-1 (text_word2vec.py: 24.7 and 62);
         docs/text.md has the command. Two Xeon cores shared with other work, torch 2.15.
"""

_base_ = "text_word2vec.py"

model = dict(text_encoder=dict(readability=True))
