"""Things that happen during a run, apart from the step itself."""

from kdxf.engine.hooks.cost_report_hook import CostReportHook
from kdxf.engine.hooks.environment_hook import EnvironmentHook
from kdxf.engine.hooks.hyper_parameters_hook import HyperParametersHook
from kdxf.engine.hooks.top_checkpoints_hook import TopCheckpointsHook
from kdxf.engine.hooks.trained_images_hook import TrainedImagesHook
from kdxf.engine.hooks.unreadable_image_hook import UnreadableImageHook
from kdxf.engine.hooks.visualization_hook import VisualizationHook

__all__ = [
    "CostReportHook",
    "EnvironmentHook",
    "HyperParametersHook",
    "TopCheckpointsHook",
    "TrainedImagesHook",
    "UnreadableImageHook",
    "VisualizationHook",
]
