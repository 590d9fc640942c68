"""Drawn receipts, letters and forms: much text on tall pages, with the text as OCR would have read it."""
