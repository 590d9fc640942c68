"""The interface of what prepares a picture: a step of a pipeline takes a dict of results, and returns it with more.

A pipeline begins with ``img_path`` and ``ocr`` (:class:`kdxf_runtime.ocr.record.OCRRecord`), and ends with the inputs
of a model. kdxf registers the same classes as transforms of MMPretrain's pipelines.
"""

from abc import ABC, abstractmethod
from typing import Any


class Step(ABC):
    """Base class of steps."""

    needs_ocr = False
    """Whether it takes the text of the image, so that inference reads that of new ones."""

    ocr_option = ""
    """The name of the option that makes it take the text, where it otherwise takes none."""

    needs_table = False
    """Whether it takes the columns of a table that stand beside the image."""

    @abstractmethod
    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add to ``results`` or change them, and return them."""

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Do the same as :meth:`transform`."""
        return self.transform(results)
