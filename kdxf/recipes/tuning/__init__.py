"""Search for better settings of a config: trials of a space, on Optuna."""
