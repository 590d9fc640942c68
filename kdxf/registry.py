"""kdxf's registries: its own scope, one child for each MMPretrain registry that a config may name.

With ``default_scope = 'kdxf'`` a config names kdxf's and MMPretrain's components alike, without a prefix: a name that
kdxf does not register is looked up in MMPretrain, then in mmengine. Every registry that mmengine's Runner uses needs
its child here, otherwise the lookup in that scope fails.

OCR engines and tokenizers have registries of their own in :mod:`kdxf.text.registry`, which needs no torch.
"""

import kdxf.host  # noqa: F401  isort: skip

from mmengine.registry import FUNCTIONS as MMENGINE_FUNCTIONS
from mmengine.registry import INFERENCERS as MMENGINE_INFERENCERS
from mmengine.registry import STRATEGIES as MMENGINE_STRATEGIES
from mmengine.registry import Registry
from mmpretrain import registry as mmpretrain


def _child(name: str, parent: Registry, package: str) -> Registry:
    return Registry(name, parent=parent, scope="kdxf", locations=[f"kdxf.{package}"])


RUNNERS = _child("runner", mmpretrain.RUNNERS, "engine")
RUNNER_CONSTRUCTORS = _child("runner constructor", mmpretrain.RUNNER_CONSTRUCTORS, "engine")
LOOPS = _child("loop", mmpretrain.LOOPS, "engine")
HOOKS = _child("hook", mmpretrain.HOOKS, "engine")
LOG_PROCESSORS = _child("log processor", mmpretrain.LOG_PROCESSORS, "engine")
OPTIMIZERS = _child("optimizer", mmpretrain.OPTIMIZERS, "engine")
OPTIM_WRAPPERS = _child("optimizer_wrapper", mmpretrain.OPTIM_WRAPPERS, "engine")
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    "optimizer wrapper constructor", mmpretrain.OPTIM_WRAPPER_CONSTRUCTORS, "engine"
)
PARAM_SCHEDULERS = _child("parameter scheduler", mmpretrain.PARAM_SCHEDULERS, "engine")
STRATEGIES = _child("strategy", MMENGINE_STRATEGIES, "engine")

DATASETS = _child("dataset", mmpretrain.DATASETS, "datasets")
DATA_SAMPLERS = _child("data sampler", mmpretrain.DATA_SAMPLERS, "datasets")
TRANSFORMS = _child("transform", mmpretrain.TRANSFORMS, "datasets")
FUNCTIONS = _child("function", MMENGINE_FUNCTIONS, "datasets")

MODELS = _child("model", mmpretrain.MODELS, "models")
MODEL_WRAPPERS = _child("model_wrapper", mmpretrain.MODEL_WRAPPERS, "models")
WEIGHT_INITIALIZERS = _child("weight initializer", mmpretrain.WEIGHT_INITIALIZERS, "models")
BATCH_AUGMENTS = _child("batch augment", mmpretrain.BATCH_AUGMENTS, "models")
TASK_UTILS = _child("task util", mmpretrain.TASK_UTILS, "models")

METRICS = _child("metric", mmpretrain.METRICS, "evaluation")
EVALUATORS = _child("evaluator", mmpretrain.EVALUATORS, "evaluation")

VISUALIZERS = _child("visualizer", mmpretrain.VISUALIZERS, "visualization")
VISBACKENDS = _child("vis_backend", mmpretrain.VISBACKENDS, "visualization")

INFERENCERS = _child("inferencer", MMENGINE_INFERENCERS, "inference")
