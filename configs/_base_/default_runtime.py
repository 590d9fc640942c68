"""What every experiment shares: scope, hooks, logging, environment."""

# Component names are looked up in kdxf first, then in MMPretrain, then in mmengine; no prefixes.
default_scope = "kdxf"

default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50),
    param_scheduler=dict(type="ParamSchedulerHook"),
    # The last two epochs and the best one are kept. For a checkpoint every N steps, against crashes:
    # --cfg-options default_hooks.checkpoint.by_epoch=False default_hooks.checkpoint.interval=500
    checkpoint=dict(type="CheckpointHook", interval=1, max_keep_ckpts=2, save_best="accuracy/top1", rule="greater"),
    sampler_seed=dict(type="DistSamplerSeedHook"),
    visualization=dict(type="VisualizationHook", enable=False),
)
# Images that cannot be read never stop a run: the first hook lists them in the log and in unreadable_images.csv. The
# second shows the settings next to the scores in TensorBoard.
custom_hooks = [dict(type="UnreadableImageHook"), dict(type="HyperParametersHook")]

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
    dist_cfg=dict(backend="nccl"),  # replaced by gloo where there is no CUDA
)
vis_backends = [dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")]
visualizer = dict(type="UniversalVisualizer", vis_backends=vis_backends)

log_level = "INFO"
load_from = None
resume = False
randomness = dict(seed=0, deterministic=False)
