"""The faults that ``benchmarks/mutation.py`` plants follow the code."""

import importlib.util

import pytest


@pytest.fixture(scope="module")
def mutation(repo):
    spec = importlib.util.spec_from_file_location("mutation", repo / "benchmarks" / "mutation.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_old_text_is_in_its_file_once(mutation):
    assert mutation.stale_entries() == []


def test_every_fault_leaves_python(mutation, repo):
    for fault in mutation.all_faults():
        text = (repo / fault.file).read_text(encoding="utf-8")
        changed = text.replace(fault.old, fault.new)
        assert changed != text
        compile(changed, fault.file, "exec")


def test_stale_entries_are_named(mutation, tmp_path):
    for fault in mutation.all_faults():
        for file, text in ((fault.file, "other code"), *((test, "") for test in fault.tests)):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(text, encoding="utf-8")
    problems = mutation.stale_entries(tmp_path)
    assert len(problems) == len(mutation.all_faults())
    assert all(problem.endswith(": found 0 times, not once") for problem in problems)


def test_the_table_is_large_and_reaches_all_areas(mutation):
    faults = mutation.all_faults()
    assert len(faults) >= 60 and len(set(faults)) == len(faults)
    areas = {fault.file.split("/")[1] for fault in faults}
    assert areas >= {"data", "datasets", "engine", "evaluation", "inference", "io", "models", "recipes", "text"}
