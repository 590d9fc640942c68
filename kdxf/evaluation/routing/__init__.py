"""Cheap routing: a picture that is answered well enough without its text does not have its text read."""
