from collections import Counter

import numpy as np
import pytest

from kdxf.text.spelling.ocr_noise import corrupt
from kdxf_runtime.spelling.look_alikes import look_alikes


def test_rate_0_changes_nothing_and_the_same_seed_gives_the_same():
    text = "双十一 满300减50 Arla mjölk 3.0%"
    assert corrupt(text, 0, np.random.default_rng(0)) == text
    assert corrupt("", 1, np.random.default_rng(0)) == ""
    one, two = (corrupt(text * 9, 0.3, np.random.default_rng(5)) for _ in range(2))
    assert one == two != text * 9


def test_the_rate_is_the_share_of_characters_misread():
    """未 has look-alikes: of 20,000, a tenth is misread, each in one of four ways."""
    read = corrupt("未" * 20_000, 0.1, np.random.default_rng(0))
    counts = Counter(read)
    spaces = counts.pop(" ")
    assert set(counts) == {"未", *look_alikes()["未"]}
    replaced = counts.total() - counts["未"]
    assert replaced == pytest.approx(1700, rel=0.1)  # 85 % of 2,000
    assert spaces == pytest.approx(100, rel=0.3)  # 5 %
    assert counts.total() == pytest.approx(20_000 - 160 + 40, abs=40)  # 8 % dropped, 2 % doubled


def test_the_likest_is_the_most_frequent():
    counts = Counter(corrupt("未" * 5000, 1, np.random.default_rng(0)))
    alike = look_alikes()["未"]
    assert counts[alike[0]] == pytest.approx(2 * counts[alike[1]], rel=0.2)  # 1 / k


def test_letters_join_and_part():
    rng = np.random.default_rng(0)
    assert {"corn", "com"} <= {corrupt("corn", 0.3, rng) for _ in range(300)}
    assert "rnilk" in {corrupt("milk", 0.3, rng) for _ in range(300)}


def test_words_split_and_join():
    rng = np.random.default_rng(0)
    seen = {corrupt("纯 奶", 0.5, rng) for _ in range(300)}
    assert "纯奶" in seen
    assert any(text.count(" ") == 2 for text in seen)


def test_what_looks_like_nothing_else_stays():
    assert "買" not in look_alikes()
    assert set(corrupt("買" * 100, 1, np.random.default_rng(0))) == {"買", " "}


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_the_rate_is_a_probability(rate):
    with pytest.raises(ValueError, match="rate must lie between 0 and 1"):
        corrupt("x", rate, np.random.default_rng(0))
