import numpy as np
import pytest
import torch

from kdxf.datasets import EncodeTfidf, SilenceText
from kdxf.errors import UserError
from kdxf.models.batch_augments.mixing import mix_texts
from kdxf.text.vectors.fit_tfidf import fit_tfidf

DOCUMENTS = [["milk", "fresh"], ["milk", "oat"], ["oat", "drink"]]


@pytest.fixture
def transform(tmp_path):
    fit_tfidf(DOCUMENTS, {"type": "WordTokenizer"}, channels=2).save(tmp_path / "t")
    return EncodeTfidf(str(tmp_path / "t"))


def test_the_document_is_one_token(transform):
    results = transform({"tokens": ["milk"]})
    assert results["tfidf"].shape == (1, 2) and results["tfidf_weight"].tolist() == [1.0]
    np.testing.assert_array_equal(results["tfidf"][0], transform.tfidf.encode(["milk"]))
    assert transform({"tokens": ["zzz"]})["tfidf_weight"].tolist() == [0.0]


def test_it_is_silenced_and_mixed_like_other_text(transform):
    one, two = transform({"tokens": ["milk"]}), transform({"tokens": ["oat"]})
    texts = {key: torch.from_numpy(np.stack([one[key], two[key]])) for key in ("tfidf", "tfidf_weight")}
    mixed = mix_texts(texts, torch.tensor([1, 0]), torch.tensor([[0.75, 0.25], [0.75, 0.25]]))
    assert mixed["tfidf"].shape == (2, 2, 2) and mixed["tfidf_weight"].tolist() == [[0.75, 0.25], [0.75, 0.25]]
    assert torch.equal(mixed["tfidf"][0], torch.cat([texts["tfidf"][0], texts["tfidf"][1]]))
    assert SilenceText()(one)["tfidf_weight"].tolist() == [0.0]


def test_no_folder(tmp_path):
    with pytest.raises(UserError, match="is no TF-IDF folder"):
        EncodeTfidf(str(tmp_path))
