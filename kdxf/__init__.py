"""kdxf classifies images that carry text: OCR, an image backbone and a mixture of experts.

Importing this package costs nothing heavy: OCR workers need no torch. The registries, and with them
MMPretrain, come with ``kdxf.registry``.
"""

from kdxf.version import __version__

__all__ = ["__version__"]
