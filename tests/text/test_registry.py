"""The registries of the text side work without torch and by plain names."""

import pytest
from mmengine.registry import DefaultScope

from kdxf.text.registry import OCR_ENGINES, TOKENIZERS
from kdxf.text.tokenizers import WordTokenizer


@pytest.mark.parametrize(
    ("registry", "names"),
    [(OCR_ENGINES, {"RapidOCREngine", "EasyOCREngine"}), (TOKENIZERS, {"JiebaTokenizer", "WordTokenizer"})],
    ids=["OCR_ENGINES", "TOKENIZERS"],
)
def test_components_register_themselves_when_asked_for(registry, names):
    assert all(registry.get(name).__name__ == name for name in names)
    assert registry.scope == "kdxf"


@pytest.mark.parametrize("scope", ["kdxf", "mmpretrain", None])
def test_names_resolve_in_every_scope(scope):
    with DefaultScope.overwrite_default_scope(scope):
        assert isinstance(TOKENIZERS.build({"type": "WordTokenizer"}), WordTokenizer)
        assert isinstance(TOKENIZERS.build({"type": "kdxf.WordTokenizer"}), WordTokenizer)
