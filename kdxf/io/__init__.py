"""Files: annotations, images, class names, predictions and their provenance, and how files are written."""
