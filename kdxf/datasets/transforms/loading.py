"""Loading of images without ever stopping a run, and removal of one modality."""

import numpy as np
from mmcv.transforms import BaseTransform

from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.steps.images import BLANK_BGR, LoadImage

TRANSFORMS.register_module(module=LoadImage)

TEXT_WEIGHTS = ("text_weight", "text_mask", "ngram_weight", "tfidf_weight", "text_feature_weight")
"""The keys of token weights: for word vectors, a transformer's tokens, n-grams, TF-IDF, and stored text features."""


def has_text(results: dict) -> bool:
    """Return whether a sample has any token."""
    return any((results[key] > 0).any() for key in TEXT_WEIGHTS if key in results)


def has_table(results: dict) -> bool:
    """Return whether a sample has any cell of a table."""
    return "table" in results and bool(results["table"].any())


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
class ForgetTable(BaseTransform):
    """Takes the columns of a table away, so that all that follows finds an image of which they are not known.

    Required and modified key: ``columns``.
    """

    def transform(self, results: dict) -> dict:
        """Replace ``columns`` by none."""
        results["columns"] = {}
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
