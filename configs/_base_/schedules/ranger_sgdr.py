"""Ranger with cosine warm restarts (SGDR): 10, 20 and 40 epochs, each cycle twice as long as the one before."""

# A run longer than all periods stays at the lowest rate; a shorter one stops in the middle of a cycle.
periods = [10, 20, 40]
max_epochs = sum(periods)
lr = 1e-3  # for 32 images a step
auto_scale_lr = dict(base_batch_size=32, enable=False)

optim_wrapper = dict(
    optimizer=dict(type="Ranger", lr=lr),
    clip_grad=dict(type="value", clip_value=1.0),
)
param_scheduler = dict(
    type="CosineRestartLR",
    periods=periods,
    restart_weights=[1.0] * len(periods),
    eta_min=1e-6,
    by_epoch=True,
    convert_to_iter_based=True,
)
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=1)
val_cfg = dict()
test_cfg = dict()
