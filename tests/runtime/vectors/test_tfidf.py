import json
import pickle

import faulty_vectors
import numpy as np
import pytest
from tfidf_documents import DOCUMENTS

from kdxf.errors import UserError
from kdxf.text.vectors.fit_tfidf import fit_tfidf
from kdxf_runtime.vectors.tfidf import Tfidf, count_terms

WORDS = {"type": "WordTokenizer"}


def test_terms_of_the_docstring():
    assert count_terms(["ab"], 2, 3) == {"=ab": 1, " a": 1, "ab": 1, "b ": 1, " ab": 1, "ab ": 1}
    assert count_terms([], 2, 3) == {}
    assert count_terms(["Ab", "aB"], 5, 6) == {"=ab": 2}


def test_unknown_and_no_words_are_zero():
    found = fit_tfidf(DOCUMENTS, WORDS)
    assert not found.encode([]).any() and not found.encode(["zzzz"]).any()
    assert found.encode(["MILK"]).tolist() == found.encode(["milk"]).tolist() != found.encode(["oat"]).tolist()


def test_folder_comes_back_the_same(tmp_path):
    found = fit_tfidf([*DOCUMENTS, []], WORDS)
    found.save(tmp_path / "t")
    again = Tfidf.open(tmp_path / "t")
    assert again.meta == found.meta and again.meta.documents == 5
    for words in DOCUMENTS:
        np.testing.assert_array_equal(again.encode(words), found.encode(words))
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(again)).encode(words), found.encode(words))
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(found)).encode(words), found.encode(words))


def test_damaged_folders_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"t is no TF-IDF folder \(it has no tfidf.json\); make it with tools/tfidf.py"):
        Tfidf.open(tmp_path / "t")
    fit_tfidf(DOCUMENTS, WORDS).save(tmp_path / "t")
    np.save(tmp_path / "t" / "idf.npy", np.ones(3, np.float32))
    with pytest.raises(UserError, match=r"damaged \(idf.npy has the shape \(3,\), not \d+\); make it .* anew"):
        Tfidf.open(tmp_path / "t")
    (tmp_path / "t" / "components.npy").write_bytes(b"no array")
    with pytest.raises(UserError, match="t: the TF-IDF folder is damaged"):
        Tfidf.open(tmp_path / "t")
    (tmp_path / "t" / "tfidf.json").write_text(json.dumps({"ngrams": [1, 2], "code": "x"}))
    with pytest.raises(UserError, match="damaged .*unexpected keyword"):
        Tfidf.open(tmp_path / "t")


@pytest.mark.parametrize("name", faulty_vectors.FAULTY_TFIDF)
def test_each_fault_is_one_line(tmp_path, name):
    faulty_vectors.make_tfidf(tmp_path / "t")
    assert Tfidf.open(tmp_path / "t").encode(["milk"]).any()
    faulty_vectors.FAULTY_TFIDF[name](tmp_path / "t")
    with pytest.raises(UserError, match=r"t(:| is no TF-IDF folder) .*make it with tools/tfidf.py") as caught:
        Tfidf.open(tmp_path / "t")
    assert "\n" not in str(caught.value)
