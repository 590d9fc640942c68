import dataclasses

import pytest

from kdxf.analysis.explain import Explanation, WordEffect


def test_an_effect_is_a_fact():
    effect = WordEffect("milk", -0.2, 0.1)
    assert dataclasses.astuple(effect) == ("milk", -0.2, 0.1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        effect.word = "red"


def test_every_field_of_an_explanation_is_described():
    for field in dataclasses.fields(Explanation):
        assert f"\n        {field.name}: " in Explanation.__doc__
