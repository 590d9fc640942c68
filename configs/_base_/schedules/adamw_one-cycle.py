"""AdamW with one cycle over 30 epochs: up to the peak in the first 30 % of the steps, then down to almost zero."""

max_epochs = 30
lr = 1e-3  # the peak, for 64 images a step; parts with an lr_mult peak at lr_mult times this
auto_scale_lr = dict(base_batch_size=64, enable=False)

optim_wrapper = dict(
    optimizer=dict(type="AdamW", lr=lr, weight_decay=0.01),
    clip_grad=dict(max_norm=10.0),
)
param_scheduler = dict(type="OneCycleLR", eta_max=lr, by_epoch=True, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=1)
val_cfg = dict()
test_cfg = dict()
