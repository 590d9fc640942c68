"""Test-time augmentation: wrappers that predict several views of a sample and merge them."""

from kdxf.models.tta.batched_score_tta import BatchedClsScoreTTA

__all__ = ["BatchedClsScoreTTA"]
