"""What a smoke run (tools/smoke.py) changes in every config: tiny images and batches, two steps, no loader workers."""

edge = 64  # every image is resized to this just before it is packed
steps = 2  # before the run is stopped, and again after it resumes

_loader = dict(batch_size=2, num_workers=0, persistent_workers=False)
override = dict(
    train_dataloader=_loader,
    val_dataloader=_loader,
    test_dataloader=_loader,
    default_hooks=dict(logger=dict(interval=1), checkpoint=dict(max_keep_ckpts=1, save_best=None)),
    visualizer=dict(vis_backends=[dict(type="LocalVisBackend")]),
)
