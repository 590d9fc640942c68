"""Prediction: from a config, a checkpoint and images to labels, as a CSV, a score file or Python objects."""
