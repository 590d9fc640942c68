"""Metrics that MMPretrain does not have, or not for many classes."""

from kdxf.evaluation.metrics.accuracy import Accuracy
from kdxf.evaluation.metrics.calibration_error import CalibrationError
from kdxf.evaluation.metrics.global_average_precision import GlobalAveragePrecision
from kdxf.evaluation.metrics.grouped_accuracy import GroupedAccuracy
from kdxf.evaluation.metrics.hierarchical_accuracy import HierarchicalAccuracy
from kdxf.evaluation.metrics.mean_class_accuracy import MeanClassAccuracy
from kdxf.evaluation.metrics.ranking_metrics import MeanAveragePrecision, MeanROCAUC

__all__ = [
    "Accuracy",
    "CalibrationError",
    "GlobalAveragePrecision",
    "GroupedAccuracy",
    "HierarchicalAccuracy",
    "MeanAveragePrecision",
    "MeanClassAccuracy",
    "MeanROCAUC",
]
