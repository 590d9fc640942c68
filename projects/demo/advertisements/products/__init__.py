"""The things that the drawn advertisements show: one file per look, each with its tuple ``PRODUCTS``."""
