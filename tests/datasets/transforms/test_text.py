from kdxf.datasets import LookUpWordVectors, TokenizeOCR
from kdxf.registry import TRANSFORMS
from kdxf_runtime.steps.step import Step


def test_registered_under_their_names(record):
    assert TRANSFORMS.get("LookUpWordVectors") is LookUpWordVectors
    step = TRANSFORMS.build({"type": "TokenizeOCR", "tokenizer": {"type": "WordTokenizer"}, "min_score": 0.5})
    assert isinstance(step, TokenizeOCR) and isinstance(step, Step) and step.needs_ocr
    assert step.tokenizer_cfg == {"type": "WordTokenizer"}
    assert step({"ocr": record})["tokens"] == ["a", "b"]
