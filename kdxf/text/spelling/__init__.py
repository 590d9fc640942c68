"""Misread words: look-alike characters, distances between spellings, and the known word that was meant."""
