"""Tokenizers: a line of text, as OCR read it, becomes words."""
