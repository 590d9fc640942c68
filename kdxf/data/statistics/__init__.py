"""Figures of a data set, as text and as a page."""
