import numpy as np
import pandas as pd

from kdxf.data.folds.dealing import deal_groups, shuffled_order


def test_large_groups_first_and_those_of_one_size_by_path_and_seed():
    images, groups = pd.Series([f"{n}.jpg" for n in range(12)]), np.array([0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8])
    order = shuffled_order(images, groups, 0)
    assert order[:2].tolist() == [1, 2] and sorted(order[2:].tolist()) == [0, 3, 4, 5, 6, 7, 8]
    assert shuffled_order(images, groups, 1).tolist() != order.tolist() != sorted(order.tolist())
    turned = shuffled_order(images[::-1].reset_index(drop=True), groups[::-1], 0)
    assert turned.tolist() == order.tolist()


def test_small_groups_even_out_what_large_ones_leave():
    # One class, groups of 4, 2, 1, 1 images, two parts of 4: 4 + 0 against 2 + 1 + 1.
    groups = np.repeat([0, 1, 2, 3], [4, 2, 1, 1])
    parts = deal_groups(np.zeros(8, np.int64), groups, np.arange(4), np.array([[4, 4]]))
    assert parts.tolist() == [0] * 4 + [1] * 4


def test_a_class_goes_where_it_is_lacking_and_ties_where_most_is_lacking_in_all():
    labels = np.array([0, 1, 1])
    # Group 0 takes class 0 to part 0; group 1 finds parts alike in class 1, but part 1 emptier.
    parts = deal_groups(labels, np.arange(3), np.arange(3), np.array([[1, 1], [2, 2]]), unit=2)
    assert parts.tolist() == [0, 1, 0]


def test_a_group_of_two_classes_weighs_both():
    # Class 0: 2 of 8 in part 0 already; class 1: 1 of 2 in part 1 already, a larger share. So the mixed group, one
    # image of each, goes to part 0: lacking 2/8 and 1/2 there, 4/8 and 0/2 in part 1.
    labels = np.array([0, 0, 1, 0, 1])
    groups = np.array([0, 0, 1, 2, 2])
    parts = deal_groups(labels, groups, np.arange(3), np.array([[4, 4], [1, 1]]))
    assert parts.tolist() == [0, 0, 1, 0, 0]


def test_the_first_group_of_each_class_may_have_to_go_to_part_0():
    labels, groups = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 2, 2])
    targets = np.array([[1, 2], [1, 1]])
    assert deal_groups(labels, groups, np.arange(3), targets).tolist() == [1, 1, 0, 0, 0]
    assert deal_groups(labels, groups, np.arange(3), targets, first_part_first=True).tolist() == [0, 0, 1, 0, 0]


def test_groups_that_are_not_to_be_dealt_have_no_part():
    parts = deal_groups(np.zeros(3, np.int64), np.arange(3), np.array([2, 0]), np.array([[1, 1]]))
    assert parts.tolist() == [1, -1, 0]
