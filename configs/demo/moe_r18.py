"""The demo: drawn advertisements, image and text fused by a mixture of experts, from scratch in about a minute."""

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
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs // 4)
