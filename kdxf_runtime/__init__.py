"""What a trained kdxf model needs to answer, without torch: decoding, OCR, tokenizing, lookup, and bundles of models.

kdxf itself trains with the same code, so that a bundle prepares a picture as the training did.
"""
