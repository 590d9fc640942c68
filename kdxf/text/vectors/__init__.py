"""Word vectors: training, conversion, storage and look-up."""
