import pytest

from kdxf_runtime.steps.step import Step


class Count(Step):
    def transform(self, results):
        return {**results, "count": results.get("count", 0) + 1}


def test_a_step_is_called_as_its_transform():
    assert Count()(Count()({"a": 1})) == {"a": 1, "count": 2}
    assert not Count.needs_ocr


def test_a_step_has_a_transform():
    with pytest.raises(TypeError, match="abstract"):
        Step()
