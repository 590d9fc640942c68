"""Ensembles: means of several models' predictions, their weights, and estimates of what the weights gain."""
