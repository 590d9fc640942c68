"""Words that OCR misread: distances, look-alikes, and the known word that one was meant to be."""
