"""Registries of the text side. They need mmengine alone, so OCR workers start without torch."""

from mmengine.registry import Registry

# Engines that read text in images: kdxf.text.ocr.
OCR_ENGINES = Registry("ocr engine", scope="kdxf", locations=["kdxf.text.ocr"])
# Tokenizers that cut a line of text into words: kdxf.text.tokenizers.
TOKENIZERS = Registry("tokenizer", scope="kdxf", locations=["kdxf.text.tokenizers"])
