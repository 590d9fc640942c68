"""Fitting of reduced TF-IDF vectors (:mod:`kdxf_runtime.vectors.tfidf`). n documents, V terms, C channels."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD

from kdxf.errors import UserError
from kdxf.text.registry import TOKENIZERS
from kdxf.text.vectors.corpus import read_documents
from kdxf_runtime.vectors.tfidf import Tfidf, TfidfMeta, count_terms


def fit_tfidf(
    documents: Sequence[Sequence[str]],
    tokenizer: dict[str, Any],
    channels: int = 512,
    ngrams: tuple[int, int] = (2, 4),
    min_count: int = 2,
    max_terms: int = 100_000,
) -> Tfidf:
    """Fit on documents, without their labels.

    Args:
        documents: The words of each; those without a word do not count.
        tokenizer: Config of the tokenizer that cut them, to be noted.
        channels: C at most: there are never more than documents or terms.
        ngrams: The least and the greatest number of characters of an n-gram.
        min_count: Terms of fewer documents are left out.
        max_terms: V at most; terms of the most documents are kept.

    Raises:
        UserError: A number is out of its range, or no term occurs in ``min_count`` documents.
    """
    if not 1 <= ngrams[0] <= ngrams[1]:
        raise UserError(f"ngrams must be the least and the greatest length, got {ngrams[0]} {ngrams[1]}")
    for name, value in (("channels", channels), ("min-count", min_count), ("max-terms", max_terms)):
        if value < 1:
            raise UserError(f"{name} must be at least 1, got {value}")
    documents = [words for words in documents if words]
    frequency: Counter[str] = Counter()
    for words in documents:
        frequency.update(count_terms(words, *ngrams).keys())
    kept = sorted((term for term, count in frequency.items() if count >= min_count and "\n" not in term),
                  key=lambda term: (-frequency[term], term))[:max_terms]  # fmt: skip
    if not kept:
        raise UserError(
            f"no term occurs in {min_count} of {len(documents)} documents with words; is this the right OCR table, "
            "tokenizer and --min-count?"
        )
    idf = np.array([math.log((1 + len(documents)) / (1 + frequency[term])) + 1 for term in kept], np.float32)
    empty = np.zeros((len(kept), 0), np.float32)
    whole = Tfidf(TfidfMeta(len(documents), len(kept), 0, ngrams, 0.0, tokenizer), kept, idf, empty)
    weighed = [whole.weigh(words) for words in documents]
    matrix = csr_matrix(
        (
            np.concatenate([values for _, values in weighed]),
            np.concatenate([rows for rows, _ in weighed]),
            np.cumsum([0, *(len(rows) for rows, _ in weighed)]),
        ),
        shape=(len(documents), len(kept)),
    )
    most = min(matrix.shape) - 1
    if most < 1:
        components, explained = np.ones((len(kept), 1), np.float32), 1.0
    else:
        svd = TruncatedSVD(min(channels, most), random_state=0, n_iter=7).fit(matrix)
        components = np.ascontiguousarray(svd.components_.T @ _rotation(len(svd.components_)), np.float32)
        explained = float(((matrix @ components) ** 2).sum() / matrix.multiply(matrix).sum())
    meta = TfidfMeta(len(documents), len(kept), components.shape[1], ngrams, round(explained, 4), tokenizer)
    return Tfidf(meta, kept, idf, components)


def _rotation(size: int) -> np.ndarray:
    """Return an orthogonal matrix (size, size), always the same one."""
    return np.linalg.qr(np.random.default_rng(0).standard_normal((size, size)))[0]


def fit_tfidf_on_sources(
    sources: Sequence[Path], out: Path, tokenizer: dict[str, Any], overwrite: bool = False, **options: Any
) -> TfidfMeta:
    """Fit on OCR tables or text files, and write the folder.

    Args:
        sources: OCR tables, or UTF-8 text files with one document per line.
        out: The folder.
        tokenizer: Config of the tokenizer.
        overwrite: Replace what is in ``out``.
        **options: Of :func:`fit_tfidf`.

    Raises:
        UserError: A source cannot be read, ``out`` exists, or the texts have no terms.
    """
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise UserError(f"{out} exists; choose another folder or add --overwrite")
    cut = TOKENIZERS.build(tokenizer).tokenize
    documents = [
        [word for line in lines for word in cut(line)] for source in sources for lines in read_documents(source)
    ]
    fitted = fit_tfidf(documents, tokenizer, **options)
    fitted.save(out)
    return fitted.meta
