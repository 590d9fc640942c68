"""From words to the reduced TF-IDF vector of a document. Shapes: C channels."""

import numpy as np

from kdxf_runtime.steps.step import Step
from kdxf_runtime.vectors.tfidf import Tfidf


class EncodeTfidf(Step):
    """Encode the words as one TF-IDF vector (:mod:`kdxf_runtime.vectors.tfidf`), for ``TfidfEncoder``.

    Required keys: ``tokens``. Added keys: ``tfidf`` (float32 (1, C)) and ``tfidf_weight`` (float32 (1,)): 1, or 0 where
    the words have none of the terms. The document stands there as its single token, so that whatever drops, mixes or
    pads tokens works on it as on others.

    Args:
        folder: The folder that ``tools/tfidf.py`` wrote.

    Raises:
        UserError: It is no such folder.
    """

    def __init__(self, folder: str) -> None:
        self.tfidf = Tfidf.open(folder)

    def transform(self, results: dict) -> dict:
        """Encode ``tokens``."""
        vector = self.tfidf.encode(results["tokens"])
        results["tfidf"] = vector[None]
        results["tfidf_weight"] = np.array([vector.any()], np.float32)
        return results
