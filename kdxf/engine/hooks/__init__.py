"""Hooks: what happens during a run apart from the training step itself."""

from kdxf.engine.hooks.budget_hook import BudgetHook
from kdxf.engine.hooks.class_weights_hook import ClassWeightsHook
from kdxf.engine.hooks.cost_report_hook import CostReportHook
from kdxf.engine.hooks.early_stopping_hook import EarlyStoppingHook
from kdxf.engine.hooks.environment_hook import EnvironmentHook
from kdxf.engine.hooks.equal_buffers_hook import EqualBuffersHook
from kdxf.engine.hooks.finite_loss_hook import FiniteLossHook
from kdxf.engine.hooks.freeze_hook import FreezeHook
from kdxf.engine.hooks.gradient_centralization_hook import GradientCentralizationHook
from kdxf.engine.hooks.hyper_parameters_hook import HyperParametersHook
from kdxf.engine.hooks.iteration_seed_hook import IterationSeedHook
from kdxf.engine.hooks.left_out_text_hook import LeftOutTextHook
from kdxf.engine.hooks.loaded_weights_hook import LoadedWeightsHook
from kdxf.engine.hooks.margin_schedule_hook import MarginScheduleHook
from kdxf.engine.hooks.resumed_run_hooks import ResumedScheduleHook, ResumedValidationHook
from kdxf.engine.hooks.step_time_hook import StepTimeHook
from kdxf.engine.hooks.swa_hook import SWAHook
from kdxf.engine.hooks.top_checkpoints_hook import TopCheckpointsHook
from kdxf.engine.hooks.trained_images_hook import TrainedImagesHook
from kdxf.engine.hooks.training_data_hook import TrainingDataHook
from kdxf.engine.hooks.unreadable_image_hook import UnreadableImageHook
from kdxf.engine.hooks.visualization_hook import VisualizationHook

__all__ = [
    "BudgetHook",
    "ClassWeightsHook",
    "CostReportHook",
    "EarlyStoppingHook",
    "EnvironmentHook",
    "EqualBuffersHook",
    "FiniteLossHook",
    "FreezeHook",
    "GradientCentralizationHook",
    "HyperParametersHook",
    "IterationSeedHook",
    "LeftOutTextHook",
    "LoadedWeightsHook",
    "MarginScheduleHook",
    "ResumedScheduleHook",
    "ResumedValidationHook",
    "SWAHook",
    "StepTimeHook",
    "TopCheckpointsHook",
    "TrainedImagesHook",
    "TrainingDataHook",
    "UnreadableImageHook",
    "VisualizationHook",
]
