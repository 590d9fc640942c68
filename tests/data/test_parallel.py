import importlib
import os
from concurrent.futures.process import BrokenProcessPool

import pytest

from kdxf.data.parallel import parallel_map
from kdxf.errors import UserError


@pytest.fixture
def square(tmp_path, monkeypatch):
    """A function in a module that spawned processes can import."""
    code = "import os\ndef square(number):\n    return number * number, os.getpid()\n"
    (tmp_path / "squares.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("squares").square


def test_results_come_in_order_from_other_processes(square):
    results = list(parallel_map(square, list(range(70)), 2, "squares"))
    assert [value for value, _ in results] == [number**2 for number in range(70)]
    assert os.getpid() not in {process for _, process in results}


def test_a_few_items_need_no_process(square):
    assert list(parallel_map(square, [2, 3], 4, "squares")) == [(4, os.getpid()), (9, os.getpid())]


def test_a_worker_that_dies_ends_the_job():
    with pytest.raises(BrokenProcessPool):
        list(parallel_map(os._exit, [3] * 70, 2, "ends"))


def test_the_number_of_workers_is_checked():
    with pytest.raises(UserError, match=r"^--workers: must be at least 1, not 0$"):
        list(parallel_map(abs, [1], 0, "squares"))
