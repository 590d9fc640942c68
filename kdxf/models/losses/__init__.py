"""Losses: of logits and a target, and of the joint feature and labels."""

from kdxf.models.losses.batch_hard_triplet_loss import BatchHardTripletLoss
from kdxf.models.losses.feature_losses import FeatureLosses
from kdxf.models.losses.label_smooth_focal_loss import LabelSmoothFocalLoss
from kdxf.models.losses.supervised_contrastive_loss import SupervisedContrastiveLoss

__all__ = ["BatchHardTripletLoss", "FeatureLosses", "LabelSmoothFocalLoss", "SupervisedContrastiveLoss"]
