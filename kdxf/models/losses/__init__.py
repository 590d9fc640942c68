"""Classification losses that take logits and a target."""

from kdxf.models.losses.label_smooth_focal_loss import LabelSmoothFocalLoss

__all__ = ["LabelSmoothFocalLoss"]
