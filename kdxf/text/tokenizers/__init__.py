"""Tokenizers: a line of text, as OCR read it, becomes words. Registered in ``TOKENIZERS``; they need no torch."""

from kdxf.text.tokenizers.base import BaseTokenizer
from kdxf.text.tokenizers.jieba_tokenizer import JiebaTokenizer
from kdxf.text.tokenizers.word_tokenizer import WordTokenizer

__all__ = ["BaseTokenizer", "JiebaTokenizer", "WordTokenizer"]
