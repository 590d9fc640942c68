import json

import pytest

from kdxf.errors import UserError
from kdxf_runtime.vectors.store_meta import StoreMeta


def test_meta_comes_back(tmp_path):
    about = ["词.txt"], {"type": "WordTokenizer"}, {"x": 1}, {"kdxf": "1"}
    meta = StoreMeta("fasttext", 3, 4, "float16", "ngrams", [3, 6], *about)
    meta.save(tmp_path)
    assert StoreMeta.load(tmp_path) == meta


def test_not_a_store(tmp_path):
    with pytest.raises(UserError, match=r"is not a word vector folder \(no meta\.json\): make one with tools/word2vec"):
        StoreMeta.load(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "colour": "red"}', "\xff"])
def test_damaged_meta(tmp_path, text):
    (tmp_path / "meta.json").write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match=r"meta\.json(:| is damaged).*: make the vectors anew with tools/word2vec.py$"):
        StoreMeta.load(tmp_path)


def test_other_format(tmp_path):
    StoreMeta("converted", 2, 2, "float32", "characters").save(tmp_path)
    path = tmp_path / "meta.json"
    values = json.loads(path.read_text(encoding="utf-8")) | {"format": 2}
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(UserError, match="format 2, this kdxf reads 1: make the vectors anew"):
        StoreMeta.load(tmp_path)
