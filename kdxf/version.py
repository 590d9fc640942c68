"""The version of the package, read by pyproject.toml and saved in checkpoints."""

__version__ = "0.1.0"
