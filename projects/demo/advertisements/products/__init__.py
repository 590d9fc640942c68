"""The products in the drawn advertisements: one file per look, each with its tuple ``PRODUCTS``."""
