"""Cross-validation: plan the folds, train each, gather the out-of-fold predictions."""
