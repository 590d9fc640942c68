"""text_word2vec.py with a layout transformer: words attend to each other and know their place on the photograph.

Data     as moe_r18.py
Train    python tools/train.py configs/grocery/text_layout.py
Test     python tools/test.py configs/grocery/text_layout.py work_dirs/grocery/text_layout/epoch_45.pth
Result   val, last epoch, two seeds: top-1 25.8 +-0.7, packages alone 65 +-3 (text_word2vec.py: 24.7 and 62);
         docs/text.md has the command. Two Xeon cores shared with other work, torch 2.15.
"""

_base_ = "text_word2vec.py"

model = dict(text_encoder=dict(pooling="transformer", transformer=dict(width=64, depth=2, num_heads=4, dropout=0.2)))
