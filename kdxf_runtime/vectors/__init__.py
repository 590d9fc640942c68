"""Folders of word vectors and TF-IDF, opened for reading."""
