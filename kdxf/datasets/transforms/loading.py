"""Loading of images without ever stopping a run, and removal of one modality."""

import numpy as np
from mmcv.transforms import BaseTransform

from kdxf.errors import UserError
from kdxf.io.images import ImageReadError, read_image
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr.record import OCRRecord

# ImageNet's mean colour: after the usual normalization a blank image is close to zero.
BLANK_BGR = (104, 116, 124)


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Loads an image; one that cannot be read becomes a blank image with the reason under ``error``.

    Required keys: ``img_path``. Added keys: ``img`` (uint8 (H, W, 3), BGR), ``img_shape``, ``ori_shape``, and ``error``
    (str) only if the image cannot be read.

    Args:
        min_edge: A JPEG may be decoded at 1/2, 1/4 or 1/8 scale as long as its shorter edge keeps this many pixels.
            Choose the size of the following resize, or about ``s / sqrt(a)`` for a random crop of at least area ``a``
            that is resized to ``s``. ``None`` always decodes in full.
        blank_size: Edge of the blank image, in pixels.

    Raises:
        UserError: A size is not positive.
    """

    def __init__(self, min_edge: int | None = None, blank_size: int = 224) -> None:
        for name, value in (("min_edge", min_edge), ("blank_size", blank_size)):
            if value is not None and value < 1:
                raise UserError(f"LoadImage: {name} is {value}; give a number of pixels above 0")
        self.min_edge = min_edge
        self.blank_size = blank_size

    def transform(self, results: dict) -> dict:
        """Load the image at ``img_path``."""
        try:
            image = read_image(results["img_path"], self.min_edge)
        except ImageReadError as error:
            image = np.full((self.blank_size, self.blank_size, 3), BLANK_BGR, dtype=np.uint8)
            results["error"] = str(error)
        results["img"] = image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results


TEXT_WEIGHTS = ("text_weight", "text_mask", "ngram_weight", "tfidf_weight", "text_feature_weight")
"""The keys of token weights: for word vectors, a transformer's tokens, n-grams, TF-IDF, and stored text features."""


def has_text(results: dict) -> bool:
    """Return whether a sample has any token."""
    return any((results[key] > 0).any() for key in TEXT_WEIGHTS if key in results)


@TRANSFORMS.register_module()
class BlankImage(BaseTransform):
    """Replaces the image by a blank one, a stored feature by that of a blank image.

    Required and modified keys: ``img``; ``img_blank`` where ``LoadFeature`` loaded it.
    """

    def transform(self, results: dict) -> dict:
        """Replace ``img`` by a blank one of the same shape."""
        blank = results.get("img_blank")
        results["img"] = np.full_like(results["img"], BLANK_BGR) if blank is None else blank
        return results


@TRANSFORMS.register_module()
class ForgetText(BaseTransform):
    """Takes the text that was read away, so that all that follows finds an image without text.

    Required and modified key: ``ocr``.
    """

    def transform(self, results: dict) -> dict:
        """Replace ``ocr`` by a record without text."""
        results["ocr"] = OCRRecord.empty(results["ocr"].image)
        return results


@TRANSFORMS.register_module()
class SilenceText(BaseTransform):
    """Sets the weights of all tokens to 0, so that the sample has no text.

    Required and modified keys: ``text_weight``, ``text_mask``, ``ngram_weight``, ``tfidf_weight`` or
    ``text_feature_weight``, whichever exist (set to 0).

    Raises:
        UserError: The sample has none of them.
    """

    def transform(self, results: dict) -> dict:
        """Set the weights of all tokens to 0."""
        keys = [key for key in TEXT_WEIGHTS if key in results]
        if not keys:
            raise UserError(
                f"SilenceText: the sample has none of {', '.join(TEXT_WEIGHTS)}; put it after LookUpWordVectors, "
                "TokenizeForTransformer, HashNgrams, EncodeTfidf or LoadTextFeature"
            )
        for key in keys:
            results[key] = np.zeros_like(results[key])
        return results
