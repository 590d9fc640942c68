import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from tfidf_documents import DOCUMENTS

from kdxf.errors import UserError
from kdxf.text.vectors.fit_tfidf import fit_tfidf, fit_tfidf_on_sources
from kdxf_runtime.vectors.tfidf import count_terms

WORDS = {"type": "WordTokenizer"}


def test_equals_scikit_learns_tfidf_in_the_space_of_the_components():
    """All of the variance is kept, so inner products are those of the full TF-IDF."""
    found = fit_tfidf(DOCUMENTS, WORDS, min_count=1, channels=100)
    vectorizer = TfidfVectorizer(analyzer=lambda words: list(count_terms(words, 2, 4).elements()), sublinear_tf=True)
    full = vectorizer.fit_transform(DOCUMENTS).toarray()
    reduced = np.stack([found.encode(words) for words in DOCUMENTS])
    assert found.meta.channels == 4 and found.meta.terms == full.shape[1]
    # Four components of five documents: the Gram matrix but for its smallest eigenvalue.
    values, vectors = np.linalg.eigh(full @ full.T)
    expected = (vectors[:, 1:] * values[1:]) @ vectors[:, 1:].T
    np.testing.assert_allclose(reduced @ reduced.T, expected, atol=1e-5)
    assert found.meta.explained == pytest.approx(values[1:].sum() / values.sum(), abs=1e-4)


def test_no_channel_has_most_of_the_variance():
    """One word in half of the documents: of the singular vectors, the first has it all, and a rotation deals it out."""
    numbers = np.random.default_rng(0).permutation(200).reshape(20, 10)
    documents = [["milk"] * 50 * (row % 2) + [f"w{number}" for number in ten] for row, ten in enumerate(numbers)]
    documents = [words + documents[row - 1][-10:] for row, words in enumerate(documents)]
    found = fit_tfidf(documents, WORDS)
    encoded = np.stack([found.encode(words) for words in documents])
    variance, singular = (encoded - encoded.mean(axis=0)).var(axis=0), np.linalg.svd(encoded - encoded.mean(axis=0))[1]
    assert variance.max() / variance.sum() < 0.6 * singular[0] ** 2 / (singular**2).sum()


def test_rare_and_most_frequent_terms():
    """Four documents have a word that ends in k; of the terms of three, those that sort first are taken."""
    assert "=juice" in fit_tfidf(DOCUMENTS, WORDS)._rows
    assert "=juice" not in fit_tfidf(DOCUMENTS, WORDS, min_count=3)._rows
    assert list(fit_tfidf(DOCUMENTS, WORDS, max_terms=3)._rows) == ["k ", " o", " oa"]


def test_one_document():
    assert fit_tfidf([["milk"]], WORDS, min_count=1).encode(["milk"]).shape == (1,)


def test_sources(tmp_path):
    (tmp_path / "a.txt").write_text("fresh milk\noat milk\n\noat drink\n", encoding="utf-8")
    meta = fit_tfidf_on_sources([tmp_path / "a.txt"], tmp_path / "out", WORDS, channels=2)
    assert (meta.documents, meta.channels, meta.tokenizer) == (3, 2, WORDS)
    with pytest.raises(UserError, match="out exists; choose another folder or add --overwrite"):
        fit_tfidf_on_sources([tmp_path / "a.txt"], tmp_path / "out", WORDS)
    assert fit_tfidf_on_sources([tmp_path / "a.txt"], tmp_path / "out", WORDS, overwrite=True).channels == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ngrams": (3, 2)}, "ngrams must be the least and the greatest length, got 3 2"),
        ({"channels": 0}, "channels must be at least 1, got 0"),
        ({"min_count": 9}, "no term occurs in 9 of 5 documents with words; is this the right OCR table"),
    ],
)
def test_faults_are_named(options, message):
    with pytest.raises(UserError, match=message):
        fit_tfidf(DOCUMENTS, WORDS, **options)
