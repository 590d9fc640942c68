"""kdxf's scope: names of kdxf, MMPretrain and mmengine resolve alike, without prefixes."""

import logging
import re

import mmengine.registry
import mmpretrain.registry
import pytest
from mmengine.logging import MMLogger
from mmengine.registry import Registry

import kdxf.registry

REGISTRIES = {
    name: value for name, value in vars(kdxf.registry).items() if isinstance(value, Registry) and name.isupper()
}
OF_MMENGINE = {"STRATEGIES", "FUNCTIONS", "INFERENCERS"}  # MMPretrain has none of its own
KDXF = {name: value for name, value in REGISTRIES.items() if not name.startswith("MMENGINE_")}


def test_every_registry_of_mmpretrain_has_a_child():
    registries = vars(mmpretrain.registry).items()
    theirs = {name for name, value in registries if isinstance(value, Registry) and value.scope == "mmpretrain"}
    assert theirs - KDXF.keys() == {"TOKENIZER"}  # of their language models; no config of a classifier names one
    assert len(theirs) > 15


@pytest.mark.parametrize("name", KDXF)
def test_scope_parent_and_place(name):
    registry = KDXF[name]
    parents = mmengine.registry if name in OF_MMENGINE else mmpretrain.registry
    assert registry.scope == "kdxf"
    assert registry.parent is getattr(parents, name)
    assert registry.name == registry.parent.name
    (location,) = registry._locations
    assert location.startswith("kdxf.")


@pytest.mark.parametrize(
    ("registry", "name", "module"),
    [
        ("DATASETS", "OCRTextDataset", "kdxf.datasets.ocr_text_dataset"),
        ("DATASETS", "ImageNet", "mmpretrain.datasets.imagenet"),
        ("DATASETS", "RepeatDataset", "mmengine.dataset.dataset_wrapper"),
        ("TRANSFORMS", "LoadImage", "kdxf.datasets.transforms.loading"),
        ("TRANSFORMS", "CenterCropKeepText", "kdxf_runtime.steps.images"),
        ("TRANSFORMS", "EfficientNetCenterCrop", "mmpretrain.datasets.transforms.processing"),
        ("TRANSFORMS", "LoadImageFromFile", "mmcv.transforms.loading"),
        ("DATA_SAMPLERS", "InfiniteSampler", "mmengine.dataset.sampler"),
        ("FUNCTIONS", "default_collate", "mmengine.dataset.utils"),
        ("MODELS", "ResNet", "mmpretrain.models.backbones.resnet"),
        ("METRICS", "SingleLabelMetric", "mmpretrain.evaluation.metrics.single_label"),
        ("HOOKS", "CheckpointHook", "mmengine.hooks.checkpoint_hook"),
        ("OPTIMIZERS", "SGD", "torch.optim.sgd"),
        ("PARAM_SCHEDULERS", "CosineAnnealingLR", "mmengine.optim.scheduler.lr_scheduler"),
        ("LOOPS", "EpochBasedTrainLoop", "mmengine.runner.loops"),
        ("VISUALIZERS", "UniversalVisualizer", "mmpretrain.visualization.visualizer"),
        ("VISBACKENDS", "LocalVisBackend", "mmengine.visualization.vis_backend"),
    ],
)
def test_names_resolve_without_prefix(registry, name, module):
    assert KDXF[registry].get(name).__module__ == module


def test_unknown_names_are_refused():
    with pytest.raises(KeyError, match="NoSuchDataset is not in the kdxf::dataset registry"):
        kdxf.registry.DATASETS.build({"type": "NoSuchDataset"})


def originals():
    """Return, of each name that kdxf registers though its parents know it, the registry and the parents' scope."""
    names = {}
    for registry in KDXF.values():
        registry.import_from_location()
        parent = registry.parent
        while parent is not None:
            own = [name for name, value in registry.module_dict.items() if value.__module__.startswith("kdxf.")]
            for name in own:  # not what tests register
                if name in parent.module_dict:
                    names.setdefault(name, (registry, parent.scope))
            parent = parent.parent
    return names


def test_docstring_lists_the_names_that_mean_another_component():
    table = re.findall(r"^(\w+) +(mmpretrain|mmengine) +\S", kdxf.registry.__doc__, re.MULTILINE)
    assert table == sorted((name, scope) for name, (_, scope) in originals().items())
    assert len(table) == 14


def test_the_original_is_reached_by_its_prefix():
    for name, (registry, scope) in originals().items():
        assert registry.get(name).__module__.startswith("kdxf.")
        assert registry.get(f"{scope}.{name}").__module__.startswith(f"{scope}.")


@pytest.fixture
def logged(monkeypatch):
    """Make a logger of a given name the current one, and return the list of what it is told from then on."""
    monkeypatch.setattr(kdxf.registry, "_reported", set())
    monkeypatch.setattr(MMLogger, "_instance_dict", {})

    def start(name):
        records = []
        logger = MMLogger.get_instance(name)
        monkeypatch.setattr(logger, "isEnabledFor", lambda level: level >= logging.INFO)
        monkeypatch.setattr(logger, "handle", records.append)
        return records

    return start


def test_a_run_logs_the_first_use_of_such_a_name(logged):
    records = logged("a run")
    for _ in range(2):
        kdxf.registry.METRICS.build({"type": "Accuracy"})
        kdxf.registry.PARAM_SCHEDULERS.get("OneCycleLR")
    assert [(record.levelname, record.getMessage()) for record in records] == [
        ("INFO", "type='Accuracy' is kdxf's component; for mmpretrain's write type='mmpretrain.Accuracy'"),
        ("INFO", "type='OneCycleLR' is kdxf's component; for mmengine's write type='mmengine.OneCycleLR'"),
    ]


def test_other_names_are_not_logged(logged):
    records = logged("a run")
    for name in ("kdxf.Accuracy", "mmpretrain.Accuracy", "SingleLabelMetric", "MeanROCAUC"):
        kdxf.registry.METRICS.get(name)
    assert records == []


def test_without_a_run_nothing_is_logged(logged):
    records = logged("mmengine")  # mmengine's default logger
    kdxf.registry.METRICS.get("Accuracy")
    assert records == []
    records = logged("a run")
    kdxf.registry.METRICS.get("Accuracy")
    assert len(records) == 1
