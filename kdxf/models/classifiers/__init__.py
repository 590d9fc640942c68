"""Whole models: they wire the parts of the other folders together."""

from kdxf.models.classifiers.ensemble_classifier import EnsembleClassifier
from kdxf.models.classifiers.image_text_classifier import ImageTextClassifier

__all__ = ["EnsembleClassifier", "ImageTextClassifier"]
