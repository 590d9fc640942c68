"""What mixes the samples of a batch with each other: images, texts and targets."""

from kdxf.models.batch_augments.mixing import CutMix, ImageTextMixing, Mixup, ResizeMix

__all__ = ["CutMix", "ImageTextMixing", "Mixup", "ResizeMix"]
