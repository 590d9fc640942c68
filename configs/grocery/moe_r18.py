"""Photographs of groceries: image and text fused by a mixture of experts, from scratch on two CPU cores.

Trains   ResNet-18 (96 px) + 100-d fastText vectors of the OCR text, attention pooling; MoE head of 4 experts; 45 epochs
Data     GroceryStoreDataset from its authors' repository, laid out, read and embedded with
             python tools/data/grocery.py path/to/GroceryStoreDataset/dataset
             python tools/ocr.py data/grocery/images --out data/grocery/ocr
             python tools/word2vec.py train data/grocery/ocr --tokenizer word --method fasttext --dim 100 \\
                 --min-count 1 --window 5 --epochs 150 --out data/grocery/vectors
         The vectors are trained on the text of train and val, without labels.
Train    python tools/train.py configs/grocery/moe_r18.py
Test     python tools/test.py configs/grocery/moe_r18.py work_dirs/grocery/moe_r18/epoch_45.pth
Result   val, last epoch: top-1 56.1 (+-2.9), packages alone 74 (+-4.4); with --tta 56.4 and 76. As many epochs
         of image_r18.py give 51.7 and 58, of text_word2vec.py 22.3 and 57. 23 minutes with OMP_NUM_THREADS=1 (two Xeon
         cores with AMX, shared with other work, torch 2.15).
"""

_base_ = [
    "../_base_/datasets/grocery.py",
    "../_base_/models/moe_r18.py",
    "../_base_/schedules/sgd_cosine_cpu.py",
    "../_base_/default_runtime.py",
]

model = dict(
    text_encoder=dict(in_channels=_base_.vector_channels),
    head=dict(num_classes=_base_.num_classes),
)
