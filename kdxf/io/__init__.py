"""What lies on disk: annotations, images, class names, predictions and their provenance, and how files are written."""
