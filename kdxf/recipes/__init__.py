"""What takes more than one model: folds, soft labels, pseudo-labels, ensembles, submissions, and pipelines of them."""
