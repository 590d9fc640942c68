from collections import Counter

from papers.kinds import KINDS, other_mark


def test_two_kinds_share_a_layout_and_differ_in_their_mark():
    assert set(Counter(kind.layout for kind in KINDS).values()) == {2}
    assert len({kind.mark for kind in KINDS}) == len({kind.name for kind in KINDS}) == 6
    for kind in KINDS:
        assert other_mark(kind) in {other.mark for other in KINDS if other.layout == kind.layout} - {kind.mark}
