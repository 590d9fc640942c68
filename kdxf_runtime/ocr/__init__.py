"""OCR: the interface of engines, what they read, and worker processes."""
