"""kdxf's scope: names of kdxf, MMPretrain and mmengine resolve alike, without prefixes."""

import mmengine.registry
import mmpretrain.registry
import pytest
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
        ("TRANSFORMS", "RandomResizedCrop", "mmpretrain.datasets.transforms.processing"),
        ("TRANSFORMS", "LoadImageFromFile", "mmcv.transforms.loading"),
        ("DATA_SAMPLERS", "DefaultSampler", "mmengine.dataset.sampler"),
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
