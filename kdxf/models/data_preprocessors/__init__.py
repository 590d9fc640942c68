"""Data preprocessors: the steps of a batch between the data loader and the model."""

from kdxf.models.data_preprocessors.image_text import ImageTextDataPreprocessor

__all__ = ["ImageTextDataPreprocessor"]
