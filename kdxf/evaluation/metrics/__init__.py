"""Metrics that MMPretrain does not have."""

from kdxf.evaluation.metrics.grouped_accuracy import GroupedAccuracy

__all__ = ["GroupedAccuracy"]
