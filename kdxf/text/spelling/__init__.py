"""Misread words: which characters look alike, how far two words lie apart, which known word was meant."""
