from kdxf.data.verification.options import DROPPABLE, PROBLEMS, UNUSABLE, Limits


def test_problems_that_an_image_can_be_dropped_for():
    assert set(UNUSABLE) < set(DROPPABLE) < set(PROBLEMS)
    assert set(PROBLEMS) - set(DROPPABLE) == {"listed_twice", "in_other_list", "case_clash", "unlisted"}


def test_limits_by_default():
    assert Limits() == Limits(min_edge=32, max_edge=8000, max_ratio=8.0)
