"""``model-index.yml`` names every config that trains a model, with the accuracy that its docstring reports."""

import ast
import re

import pytest
from mmpretrain.apis.model import ModelHub
from modelindex.load_model_index import load

RESULT = re.compile(
    r"^Result +(?:val, last epoch[^:]*: top-1 (?P<first>[\d.]+)|(?P<second>[\d.]+) % top-1(?: \([^)]*\))? on val )",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def models(repo):
    index = load(str(repo / "model-index.yml"))
    assert {model.in_collection for model in index.models} == {collection.name for collection in index.collections}
    return {model.config: model for model in index.models}


def measured(path):
    """Return the top-1 accuracy on val in the docstring of a config, as it is written there."""
    found = RESULT.search(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))
    return found and (found["first"] or found["second"])


def test_every_config_that_trains_a_model_is_named_once(models, repo):
    paths = [path.relative_to(repo) for path in (repo / "configs").rglob("*.py")]
    trained = {str(path) for path in paths if "_base_" not in path.parts and path.name != "pipeline.py"}
    assert set(models) == trained
    for config, model in models.items():
        assert model.name == config.removeprefix("configs/").removesuffix(".py").replace("/", "_")


def test_results_are_those_of_the_docstrings(models, repo):
    found = {
        config: f"{model.results[0].metrics['Top 1 Accuracy']:.1f}" for config, model in models.items() if model.results
    }
    expected = {config: figure for config in models if (figure := measured(repo / config))}
    assert found == expected
    assert len(found) > 10


def test_where_a_docstring_has_its_result(tmp_path):
    texts = {
        "Result   val, last epoch: top-1 52.5 (+-2.9), packages 61": "52.5",
        "Result   val, last epoch, two seeds: top-1 25.3 +-1.9": "25.3",
        "Result   36.1 % top-1 (36.5 % with --tta) on val after 12 epochs": "36.1",
        "Result   not measured; 12 epochs: top-1 58.2": None,
        "Result   on a fold of train, two seeds: top-1 64.7": None,
    }
    for text, expected in texts.items():
        (tmp_path / "config.py").write_text(f'"""A model.\n\n{text}\n"""\n')
        assert measured(tmp_path / "config.py") == expected


def test_mmpretrain_reads_the_index(repo, monkeypatch):
    monkeypatch.setattr(ModelHub, "_models_dict", {})
    ModelHub.register_model_index(repo / "model-index.yml", config_prefix=repo)
    assert ModelHub._models_dict["demo_moe_r18"].config == str(repo / "configs" / "demo" / "moe_r18.py")
