"""Names of configs follow the grammar in CONTRIBUTING.md."""

import re

WORD = "[a-z0-9]+(-[a-z0-9]+)*"
NAME = re.compile(rf"(moe|image|text)_{WORD}(_{WORD})?")  # {fusion or modality}_{backbone or encoder}[_{variant}]
VARIANT = re.compile("[a-z0-9]+(_[a-z0-9]+)*")
VARIANTS = ("configs/grocery/craft",)  # folders of variants of one model


def test_names_of_configs(repo):
    paths = [path.relative_to(repo) for path in (repo / "configs").rglob("*.py")]
    names = [path for path in paths if "_base_" not in path.parts and path.name != "pipeline.py"]
    grammar = {True: VARIANT, False: NAME}
    wrong = [str(path) for path in names if not grammar[path.parent.as_posix() in VARIANTS].fullmatch(path.stem)]
    assert wrong == []
    assert len(names) > 50


def test_grammar_is_that_of_the_contributors_page(repo):
    page = (repo / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "`{fusion or modality}_{backbone or encoder}[_{variant}].py`" in page
    assert all(f"`{folder}/`" in page for folder in VARIANTS)


def test_other_names_are_wrong():
    assert NAME.fullmatch("moe_r101_trainval") and NAME.fullmatch("image_se-resnext50_multi-label")
    assert not any(map(NAME.fullmatch, ("moe", "r101", "image_", "fused_r101", "text_bert_a_b", "image_R101")))
