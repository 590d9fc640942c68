"""kdxf's registries: its own scope, one child for each MMPretrain registry that a config may name.

With ``default_scope = 'kdxf'`` a config names kdxf's and MMPretrain's components alike, without a prefix: a name that
kdxf does not register is looked up in MMPretrain, then in mmengine. Every registry that mmengine's Runner uses needs
its child here, otherwise the lookup in that scope fails.

These names mean another component than in MMPretrain, because kdxf registers its own. A run logs the first use of each;
``type='mmpretrain.Accuracy'`` or ``type='mmengine.OneCycleLR'`` gets the original.

====================  ==========  ======================================================================================
name                  original    what differs in kdxf's
====================  ==========  ======================================================================================
Accuracy              mmpretrain  keeps the k best scores of each image, not all: same results, little memory
Albumentations        mmpretrain  gives albumentations RGB, translates options of its version 1, reads policy files
ArcFaceClsHead        mmpretrain  has an embedding layer, finite gradients and a margin schedule; takes soft targets
ClassBalancedDataset  mmengine    keeps its indices in one array, which loader workers share
ColorJitter           mmpretrain  draws the same numbers and gives the same pixels several times as fast
CutMix                mmpretrain  mixes texts as well
DefaultSampler        mmengine    deals out the same order from one array, 8 bytes for each row
EarlyStoppingHook     mmengine    knows ``min_epochs`` and goes on counting after a resume
Mixup                 mmpretrain  mixes texts as well
OneCycleLR            mmengine    keeps the ratio of the parts' learning rates (``lr_mult``, layer-wise decay)
RandomResizedCrop     mmpretrain  does not copy the crop
ResizeMix             mmpretrain  mixes texts as well
TIMMBackbone          mmpretrain  refuses weights that do not all fit; knows old names and depths of layers
VisualizationHook     mmpretrain  takes batches with text or several views; draws the photograph, also Chinese names
====================  ==========  ======================================================================================

OCR engines and tokenizers have registries of their own in :mod:`kdxf.text.registry`, which needs no torch.
"""

import kdxf.host  # noqa: F401  isort: skip

from typing import Any

from mmengine.logging import MMLogger
from mmengine.registry import FUNCTIONS as MMENGINE_FUNCTIONS
from mmengine.registry import INFERENCERS as MMENGINE_INFERENCERS
from mmengine.registry import STRATEGIES as MMENGINE_STRATEGIES
from mmengine.registry import Registry
from mmpretrain import registry as mmpretrain

_reported: set[str] = set()


class _Child(Registry):
    """Registry in the scope kdxf; logs, once per process, each name for which its parents have another component.

    Only a run's own logger is told: without a run, mmengine's default logger prints to where tools print results.
    """

    def get(self, key: str) -> Any:
        """Return the component of a name, as in mmengine."""
        component = super().get(key)
        logger = MMLogger.get_current_instance()
        if key in self.module_dict and key not in _reported and logger.instance_name != "mmengine":
            parent: Registry | None = self.parent
            while parent is not None and key not in parent.module_dict:
                parent = parent.parent
            if parent is not None:
                _reported.add(key)
                name = f"{parent.scope}.{key}"
                logger.info(f"type='{key}' is kdxf's component; for {parent.scope}'s write type='{name}'")
        return component


def _child(name: str, parent: Registry, package: str) -> Registry:
    return _Child(name, parent=parent, scope="kdxf", locations=[f"kdxf.{package}"])


RUNNERS = _child("runner", mmpretrain.RUNNERS, "engine")
RUNNER_CONSTRUCTORS = _child("runner constructor", mmpretrain.RUNNER_CONSTRUCTORS, "engine")
LOOPS = _child("loop", mmpretrain.LOOPS, "engine")
HOOKS = _child("hook", mmpretrain.HOOKS, "engine")
LOG_PROCESSORS = _child("log processor", mmpretrain.LOG_PROCESSORS, "engine")
OPTIMIZERS = _child("optimizer", mmpretrain.OPTIMIZERS, "engine")
OPTIM_WRAPPERS = _child("optimizer_wrapper", mmpretrain.OPTIM_WRAPPERS, "engine")
OPTIM_WRAPPER_CONSTRUCTORS = _child("optimizer wrapper constructor", mmpretrain.OPTIM_WRAPPER_CONSTRUCTORS, "engine")
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
