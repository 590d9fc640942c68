"""Tokenizers: a line of text, as OCR read it, becomes words. Registered in ``TOKENIZERS``; they need no torch."""

from kdxf.text.registry import TOKENIZERS
from kdxf_runtime.tokenizers.base import BaseTokenizer
from kdxf_runtime.tokenizers.jieba_tokenizer import JiebaTokenizer
from kdxf_runtime.tokenizers.word_tokenizer import WordTokenizer

for _kind in (JiebaTokenizer, WordTokenizer):
    TOKENIZERS.register_module(module=_kind)

__all__ = ["BaseTokenizer", "JiebaTokenizer", "WordTokenizer"]
