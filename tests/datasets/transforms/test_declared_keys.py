"""Each transform needs and touches just the keys that its docstring declares."""

import copy

import pytest

from kdxf.datasets import (
    Albumentations,
    BlankImage,
    CenterCropKeepText,
    ColorJitter,
    ConfuseCharacters,
    CoverRegion,
    DropLines,
    DropModality,
    DropWords,
    EncodeTfidf,
    EraseText,
    FlipUnlessText,
    ForgetText,
    HashNgrams,
    Letterbox,
    LoadImage,
    LookUpWordVectors,
    MixTraditional,
    RandomResizedCrop,
    RandomResizedCropKeepText,
    ShuffleLines,
    SilenceText,
    SplitLines,
    TokenizeOCR,
)
from kdxf.text.vectors.fit_tfidf import fit_tfidf


def _tfidf():
    """A transform whose folder is not needed: its vectors are in memory."""
    transform = EncodeTfidf.__new__(EncodeTfidf)
    transform.tfidf = fit_tfidf([["milk", "red"], ["milk"], ["red"]], {"type": "WordTokenizer"})
    return transform


TOKENS = {"tokens", "token_scores", "token_boxes"}
CASES = {
    "LoadImage": (lambda _: LoadImage(), {"img_path"}, {"img", "img_shape", "ori_shape"}),
    "TokenizeOCR": (lambda _: TokenizeOCR({"type": "WordTokenizer"}), {"ocr"}, TOKENS),
    "LookUpWordVectors": (
        lambda vectors: LookUpWordVectors(vectors, 4),
        TOKENS,
        {"text", "text_weight", "text_box"},
    ),
    "HashNgrams": (
        lambda _: HashNgrams(max_ngrams=9),
        {"tokens", "token_scores"},
        {"ngram_ids", "ngram_weight"},
    ),
    "EncodeTfidf": (lambda _: _tfidf(), {"tokens"}, {"tfidf", "tfidf_weight"}),
    "DropWords": (lambda _: DropWords(1.0), TOKENS, TOKENS),
    "DropModality, the image": (lambda _: DropModality(image_prob=1.0), {"img", "text_weight"}, {"img"}),
    "DropModality, the text": (lambda _: DropModality(text_prob=1.0), {"img", "text_weight"}, {"text_weight"}),
    "BlankImage": (lambda _: BlankImage(), {"img"}, {"img"}),
    "CoverRegion": (lambda _: CoverRegion((0, 0, 0.5, 1)), {"img"}, {"img"}),
    "SilenceText": (lambda _: SilenceText(), {"text_weight"}, {"text_weight"}),
    "ForgetText": (lambda _: ForgetText(), {"ocr"}, {"ocr"}),
    "FlipUnlessText": (lambda _: FlipUnlessText(1.0), {"img", "ocr"}, {"img", "flip"}),
    "ShuffleLines": (lambda _: ShuffleLines(1.0), {"ocr"}, {"ocr"}),
    "DropLines": (lambda _: DropLines(1.0), {"ocr"}, {"ocr"}),
    "SplitLines": (lambda _: SplitLines(1.0), {"ocr"}, {"ocr"}),
    "ConfuseCharacters": (lambda _: ConfuseCharacters(1.0), {"ocr"}, {"ocr"}),
    "MixTraditional": (lambda _: MixTraditional(1.0), {"ocr"}, {"ocr"}),
    "RandomResizedCrop": (lambda _: RandomResizedCrop(4), {"img"}, {"img", "img_shape"}),
    "ColorJitter": (lambda _: ColorJitter(brightness=0.9, backend="cv2"), {"img"}, {"img"}),
    "RandomResizedCropKeepText": (
        lambda _: RandomResizedCropKeepText(4),
        {"img", "ocr"},
        {"img", "img_shape"},
    ),
    "CenterCropKeepText": (lambda _: CenterCropKeepText(4), {"img", "ocr"}, {"img", "img_shape"}),
    "Albumentations": (lambda _: Albumentations([{"type": "HorizontalFlip"}]), {"img"}, {"img", "img_shape"}),
    "Letterbox": (lambda _: Letterbox(16), {"img"}, {"img", "img_shape", "scale_factor"}),
    "EraseText": (lambda _: EraseText(1.0), {"img", "ocr"}, {"img"}),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_else_in_the_sample_changes(name, sample, vectors):
    make, _, touched = CASES[name]
    untouched = {key: value for key, value in sample.items() if key not in touched}
    before = copy.deepcopy(untouched)
    found = make(vectors).transform(dict(sample))
    assert found.keys() == sample.keys() | touched
    for key, value in untouched.items():
        assert found[key] is value
        assert repr(value) == repr(before[key])


@pytest.mark.parametrize("name", CASES)
def test_the_required_keys_are_enough(name, sample, vectors):
    make, required, touched = CASES[name]
    found = make(vectors).transform({key: sample[key] for key in required})
    assert found.keys() == required | touched


@pytest.mark.parametrize("name", CASES)
def test_the_docstring_declares_them(name, vectors):
    make, required, touched = CASES[name]
    declared = type(make(vectors)).__doc__
    assert all(f"``{key}``" in declared for key in required | touched)
