"""What the scores of a model mean: calibrated scores, sets of classes, whom to ask, which texts to read."""
