"""Adam with a step down to 0.4 of the rate every 3 epochs of 8.

With gradient centralization: custom_hooks = [*_base_.custom_hooks, dict(type="GradientCentralizationHook")].
"""

max_epochs = 8
lr = 1e-3  # for 512 images a step
auto_scale_lr = dict(base_batch_size=512, enable=False)

optim_wrapper = dict(optimizer=dict(type="Adam", lr=lr))
param_scheduler = dict(type="StepLR", step_size=3, gamma=0.4, by_epoch=True)
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=1)
val_cfg = dict()
test_cfg = dict()
