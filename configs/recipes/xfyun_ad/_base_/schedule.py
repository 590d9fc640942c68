"""AdamW, 30 epochs of one cycle, clipping at 10, and the mean of the weights of the last seven epochs.

The document's text gives the learning rate, the number of epochs and weight averaging; its code gives the clipping,
the weight decay, and the linear shape and final rate of the cycle. In that code the averaged epochs train at a constant
rate; here they are the end of the cycle.
"""

_base_ = ["../../../_base_/schedules/adamw_one-cycle.py", "../../../_base_/default_runtime.py"]

swa_begin = 24  # the last fifth of the run

optim_wrapper = dict(optimizer=dict(weight_decay=2e-5), clip_grad=dict(max_norm=10.0))
param_scheduler = dict(anneal_strategy="linear", final_div_factor=30.0)
val_cfg = None
default_hooks = dict(checkpoint=dict(save_best=None))
# swa.pth has the mean weights, epoch_30.pth those of the last epoch.
custom_hooks = [*_base_.custom_hooks, dict(type="SWAHook", begin_epoch=swa_begin)]
