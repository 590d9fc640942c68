"""Modules that turn the text of a sample into one feature vector."""

from kdxf.models.text_encoders.clip_text_encoder import ClipTextEncoder
from kdxf.models.text_encoders.joined_text_encoder import JoinedTextEncoder
from kdxf.models.text_encoders.layout_text_encoder import LayoutTextEncoder
from kdxf.models.text_encoders.ngram_encoder import NgramEncoder
from kdxf.models.text_encoders.stored_text_features import StoredTextFeatures
from kdxf.models.text_encoders.tfidf_encoder import TfidfEncoder
from kdxf.models.text_encoders.transformer_text_encoder import TransformerTextEncoder
from kdxf.models.text_encoders.word2vec_encoder import Word2VecEncoder

__all__ = [
    "ClipTextEncoder",
    "JoinedTextEncoder",
    "LayoutTextEncoder",
    "NgramEncoder",
    "StoredTextFeatures",
    "TfidfEncoder",
    "TransformerTextEncoder",
    "Word2VecEncoder",
]
