"""Ensembles: means of several models' predictions, weights for them, and what they are worth."""
