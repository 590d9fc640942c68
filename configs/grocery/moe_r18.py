"""Photographs of groceries: image and text fused by a mixture of experts, from scratch on two CPU cores."""

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
