import re

from kdxf_runtime.spelling.look_alikes import LIGATURES, LOOK_ALIKES_FILE, is_look_alike, look_alikes

CONFUSED = "己已 己巳 已巳 未末 土士 人入 干千 免兔 乌鸟 戊戌 折拆 0O 0o l1 lI 1I 5S 8B aå oö eé cC"
OTHERS = "買买 國国 車车 龍龙 奶水 ax 05"


def test_what_ocr_confuses_is_in_the_table():
    assert [pair for pair in CONFUSED.split() if not is_look_alike(*pair)] == []
    assert [pair for pair in CONFUSED.split() if not is_look_alike(*reversed(pair))] == []


def test_other_pairs_are_not():
    assert [pair for pair in OTHERS.split() if is_look_alike(*pair)] == []


def test_the_likest_come_first_and_nothing_twice():
    table = look_alikes()
    assert table["未"].startswith("末")
    assert table["l"].startswith("1I")
    for character, alike in table.items():
        assert character not in alike
        assert len(set(alike)) == len(alike) > 0


def test_ligatures_are_several_characters_that_look_like_one():
    assert LIGATURES["rn"] == "m"
    assert all(len(several) == 2 and len(one) == 1 for several, one in LIGATURES.items())


def test_the_file_says_how_it_was_made():
    head = LOOK_ALIKES_FILE.read_text(encoding="utf-8").splitlines()[:2]
    assert re.search(r"python tools/text/look_alikes.py \S+\.ttc", head[1])
