"""kdxf classifies images that carry text: OCR, an image backbone and a mixture of experts.

Importing this package costs nothing heavy: OCR workers need no torch. The registries, and with them MMPretrain, come
with :mod:`kdxf.registry`. What trains, builds models or predicts imports :mod:`kdxf.engine`, which changes how mmengine
writes files and loads checkpoints in the whole process
(:func:`~kdxf.engine.host_overrides.install_host_overrides`).
"""

from kdxf.version import __version__

__all__ = ["__version__"]
