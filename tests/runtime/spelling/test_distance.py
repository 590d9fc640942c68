import pytest

from kdxf_runtime.spelling.distance import distance, is_chinese, is_short, limit, skeleton


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("mjölk", "mjoik"),
        ("MJOIK", "mjoik"),
        ("rnjölk", "mjoik"),
        ("vvheel", "wheei"),
        ("clay", "day"),
        ("牛奶", "牛奶"),
        ("", ""),
    ],
)
def test_skeleton(word, expected):
    assert skeleton(word) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *[(word, 0) for word in ("3.0%", "3.8%", "M4", "iPhone13", "milk2", "٣x牛奶", "奶", "ost", "", "x" * 25)],
        *[(word, 0.5) for word in ("奶牛", "牛奶巧克力", "A牛", "mjölk", "milk")],
        *[(word, 1) for word in ("bananen", "yoghurt", "x" * 24)],
    ],
)
def test_limit(word, expected):
    assert limit(word) == expected


def test_short_words_have_their_own_rule():
    assert [is_short(word) for word in ("奶牛", "纯牛奶", "mjölk", "banana")] == [True, False, True, False]


def test_is_chinese():
    assert is_chinese("A牛")
    assert not is_chinese("mjölk")


@pytest.mark.parametrize(
    ("read", "word", "expected"),
    [
        ("牛奶", "牛奶", 0),
        ("午奶", "牛奶", 0.5),  # look-alike
        ("羊奶", "牛奶", 1),
        ("牛", "牛奶", 1),  # dropped
        ("MJOLK", "mjölk", 0),  # case and accents
        ("rnilk", "milk", 0),
        ("yoqhurt", "yoghurt", 0.5),  # q, g
        ("yoghurrt", "yoghurt", 1),
        ("三十", "三千", 1),  # alike, but numbers
    ],
)
def test_distance(read, word, expected):
    assert distance(read, word) == distance(word, read) == expected


def test_limits_by_length():
    assert [limit("a" * length) for length in range(1, 8)] == [0, 0, 0, 0.5, 0.5, 1, 1]
    assert [limit("a" * length) for length in (24, 25)] == [1, 0]
    assert [limit("奶" * length) for length in (1, 2, 3, 24, 25)] == [0, 0.5, 0.5, 0.5, 0]
    assert (
        [is_short("a" * length) for length in (5, 6)] == [is_short("奶" * length) for length in (2, 3)] == [True, False]
    )
