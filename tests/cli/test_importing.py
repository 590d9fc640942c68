import gc
import sys

import pytest

from kdxf.cli.importing import importing


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    yield
    gc.unfreeze()


def test_what_is_made_in_the_block_is_never_looked_at_again(no_torch):
    frozen = gc.get_freeze_count()
    with importing():
        assert not gc.isenabled()
        kept = [[] for _ in range(1000)]
    assert gc.isenabled() and gc.get_freeze_count() >= frozen + len(kept)


def test_an_import_that_fails(no_torch):
    frozen = gc.get_freeze_count()
    with pytest.raises(ImportError), importing():
        import no_such_package  # noqa: F401
    assert gc.isenabled() and gc.get_freeze_count() == frozen


def test_a_process_that_has_torch_is_left_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", sys)
    frozen = gc.get_freeze_count()
    with importing():
        assert gc.isenabled()
    assert gc.get_freeze_count() == frozen


def test_a_process_without_collections_stays_so(no_torch):
    gc.disable()
    try:
        with importing():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
