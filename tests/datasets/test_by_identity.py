import copy
import pickle

from kdxf.datasets.by_identity import ByIdentity


def test_each_object_is_handled_once_and_equal_ones_apart():
    seen = []
    known = ByIdentity(lambda item: seen.append(item) or len(seen), 4)
    first, equal = [1], [1]
    assert [known(first), known(first), known(equal), known(first)] == [1, 1, 2, 1]
    assert seen == [first, equal]


def test_the_oldest_is_forgotten():
    seen = []
    known = ByIdentity(seen.append, 2)
    items = [[0], [1], [2]]
    for item in (*items, items[1], items[2], items[0]):
        known(item)
    assert [item[0] for item in seen] == [0, 1, 2, 0]


def test_a_number_that_is_given_again_is_another_object():
    """CPython gives a new object the place of one that is gone; what is remembered is not gone."""
    known = ByIdentity(lambda item: item[0], 8)
    assert [known([number]) for number in range(100)] == list(range(100))


def test_copies_remember_nothing():
    known = ByIdentity(len, 2)
    item = "abc"
    known(item)
    for other in (copy.deepcopy(known), pickle.loads(pickle.dumps(known))):
        assert other._known == {} and other(item) == 3 and other._most == 2
