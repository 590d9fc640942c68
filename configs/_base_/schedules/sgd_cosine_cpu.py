"""From scratch on two CPU cores: SGD with warm-up and a cosine, bfloat16 where that is faster, averaged weights."""

max_epochs = 45
lr = 0.05  # for 32 images a step
auto_scale_lr = dict(base_batch_size=32, enable=False)

optim_wrapper = dict(
    type="AutocastOptimWrapper",  # bfloat16 on a GPU or a processor with AMX, float32 elsewhere
    optimizer=dict(type="SGD", lr=lr, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.02, by_epoch=True, end=3, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", eta_min=0, by_epoch=True, begin=3, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=5)
val_cfg = dict(fp16="auto")
test_cfg = dict(fp16="auto")
