import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def scope():
    """Every config has ``default_scope = 'kdxf'``."""
    with DefaultScope.overwrite_default_scope("kdxf"):
        yield
