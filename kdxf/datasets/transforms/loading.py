"""Loading of images without ever stopping a run, and removal of one modality."""

import hashlib
import os
from functools import lru_cache

import cv2
import numpy as np
import PIL
from mmcv.transforms import BaseTransform

from kdxf.datasets.picture_cache import PictureCache
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.io.images import decode_image, read_file
from kdxf_runtime.io.shard_members import split_member
from kdxf_runtime.io.unicode_names import find_file
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.steps import images
from kdxf_runtime.steps.images import BLANK_BGR

# The pixels depend on them.
_DECODERS = f"OpenCV {cv2.__version__}, Pillow {PIL.__version__}"

TEXT_WEIGHTS = ("text_weight", "text_mask", "ngram_weight", "tfidf_weight", "text_feature_weight")
"""The keys of token weights: for word vectors, a transformer's tokens, n-grams, TF-IDF, and stored text features."""


def has_text(results: dict) -> bool:
    """Return whether a sample has any token."""
    return any((results[key] > 0).any() for key in TEXT_WEIGHTS if key in results)


def has_table(results: dict) -> bool:
    """Return whether a sample has any cell of a table."""
    return "table" in results and bool(results["table"].any())


@TRANSFORMS.register_module()
class LoadImage(images.LoadImage):
    """:class:`kdxf_runtime.steps.images.LoadImage`, which may keep decoded pictures for the next epochs.

    A picture counts by the bytes of its file and by ``min_edge``, so that one that has changed is decoded anew. The
    pixels are the same with and without a cache. One that is smaller than the pictures keeps those that came first.

    Required keys: ``img_path``, or ``img_bytes`` or ``img_pixels``, which are not cached. Added keys: ``img``,
    ``img_shape``, ``ori_shape``, and ``error`` only if the image cannot be read.

    Args:
        min_edge: A JPEG may be decoded at 1/2, 1/4 or 1/8 scale as long as its shorter edge keeps this many pixels.
        blank_size: Edge of the blank image, in pixels.
        cache: The folder of a :class:`~kdxf.datasets.picture_cache.PictureCache`, which all pipelines of all processes
            may share; in ``/dev/shm`` it is in memory. Three bytes a pixel: 2,640 photographs of 348 px, which are
            decoded at half of it, take 240 MB.
        cache_gb: The most that the cache takes, in units of 10^9 bytes.

    Raises:
        UserError: A size is not positive, or the cache cannot be written or has another size.
    """

    def __init__(
        self, min_edge: int | None = None, blank_size: int = 224, cache: str | None = None, cache_gb: float = 4.0
    ) -> None:
        super().__init__(min_edge, blank_size)
        if cache_gb <= 0:
            raise UserError(f"LoadImage: cache_gb is {cache_gb}; give a number above 0")
        self.cache = None if cache is None else PictureCache(os.path.expanduser(cache), int(cache_gb * 1e9))

    def load(self, results: dict) -> np.ndarray:
        """Return the image, uint8 (H, W, 3), BGR, from the cache if it is there.

        Raises:
            ImageReadError: It cannot be read.
        """
        if self.cache is None or "img_pixels" in results or results.get("img_bytes") is not None:
            return super().load(results)
        data, digest = _content(results["img_path"])
        key = f"{digest} {self.min_edge} {_DECODERS}"
        image = self.cache.get(key)
        if image is None:
            image = decode_image(read_file(results["img_path"]) if data is None else data, self.min_edge)
            self.cache.add(key, image)
        return image


def _content(path: str) -> tuple[bytes | None, str]:
    """Return the bytes of a picture, unless they are known by size and time of the file, and their SHA-256.

    Raises:
        ImageReadError: It cannot be read.
    """
    try:
        if split_member(path) is None:
            file = str(find_file(path))
            status = os.stat(file)
            return None, _digest_of(file, status.st_size, status.st_mtime_ns)
    except (OSError, ValueError):
        pass  # read_file says what is wrong
    data = read_file(path)
    return data, hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=2**16)
def _digest_of(file: str, size: int, time: int) -> str:
    return file_digest(file)


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
