"""A page about a trained model: how good it is, where it errs, and why."""
