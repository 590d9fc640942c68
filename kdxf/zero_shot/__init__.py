"""Classification without training: by class names and by a few examples, with a pretrained pair."""
