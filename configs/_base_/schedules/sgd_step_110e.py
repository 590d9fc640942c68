"""SGD at 0.01 with three steps over 110 epochs: the document's schedule."""

max_epochs = 110
lr = 0.01  # for 32 images a step; --auto-scale-lr scales it
auto_scale_lr = dict(base_batch_size=32, enable=False)

optim_wrapper = dict(optimizer=dict(type="SGD", lr=lr, momentum=0.9, weight_decay=1e-4))
param_scheduler = dict(type="MultiStepLR", by_epoch=True, milestones=[40, 70, 90], gamma=0.1)

train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=1)
val_cfg = dict()
test_cfg = dict()
