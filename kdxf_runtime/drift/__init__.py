"""Drift: whether the data to predict is still like the data that a model was validated on."""
