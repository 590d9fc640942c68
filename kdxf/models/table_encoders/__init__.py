"""Encoders of the columns of a table, each registered in ``MODELS``."""

from kdxf.models.table_encoders.tabular_encoder import TabularEncoder

__all__ = ["TabularEncoder"]
