"""Names and weights of timm's models: old names, download, safe reading, and loading into a backbone.

timm writes a model as ``ARCHITECTURE.TAG``, where the tag selects the weights; without a tag it means the default ones.
Names of timm before 0.9 are in timm's own table. Those of other libraries are in :data:`OTHER_NAMES`:

==============================  =====================================  ===============================================
name                            timm's current name                    what it is
==============================  =====================================  ===============================================
``tf_efficientnet_b4_ns``       ``tf_efficientnet_b4.ns_jft_in1k``     noisy student; timm's table, as all ``*_ns``
``tf_efficientnet_b4_ap``       ``tf_efficientnet_b4.ap_in1k``         AdvProp, wants x * 2 - 1; timm's table
``efficientnet-b4``             ``tf_efficientnet_b4.aa_in1k``         EfficientNet-PyTorch
``tf_efficientnetv2_m_in21ft1k``  ``tf_efficientnetv2_m.in21k_ft_in1k``  wants x * 2 - 1; timm's table
``se_resnext50_32x4d``          ``legacy_seresnext50_32x4d.in1k``      pretrained-models.pytorch; timm's own
                                                                       ``seresnext50_32x4d`` is another network
``res2net50_v1b_26w_4s``        ``res2net50d.in1k``                    Res2Net v1b: deep stem, averaging shortcut
``resnest101``                  ``resnest101e.in1k``                   the ResNeSt authors' package
``resnext101_32x8d_wsl``        ``resnext101_32x8d.fb_wsl_ig1b_ft_in1k``  WSL ResNeXt of torch.hub
==============================  =====================================  ===============================================

``senet154`` is ambiguous: for timm it is gluon's network; that of pretrained-models.pytorch is ``legacy_senet154``.
"""

import difflib
import re
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

import kdxf.engine  # noqa: F401  (makes CheckpointLoader read files without running code)
from kdxf.errors import UserError
from kdxf.models.text_encoders.hugging_face_models import WEIGHT_FILES

_HUB = "https://huggingface.co"
# Keys under which training scripts save the weights; averaged ones come first, as in timm.
_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model")
# Prefixes of the weights' names in wrapped models and in backbones of kdxf and MMPretrain.
_PREFIX = re.compile(r"^(?:(?:_orig_mod|module)\.)*(?:.*\btimm_model\.)?")
_CLASSIFIERS = ("classifier", "fc", "head", "head.fc", "last_linear")


def read_weights(source: str, prefix: str = "") -> dict[str, Tensor]:
    """Read the weights of a timm model.

    Args:
        source: File or URL: published by timm, saved by a training script in timm's style, or a checkpoint of kdxf or
            MMPretrain whose backbone is a timm model. Or a folder from the Hugging Face hub that has such a file.
        prefix: Read only the weights whose names begin with this, and remove it from them.

    Returns:
        Tensors of any shape by name, on the CPU.

    Raises:
        UserError: The source cannot be read, or has no weights with that prefix.
    """
    checkpoint = CheckpointLoader.load_checkpoint(_file_of(source), "cpu")
    weights = next((checkpoint[key] for key in _WRAPPERS if checkpoint.get(key)), checkpoint)
    if any("timm_model." in name for name in weights):
        weights = {name: weight for name, weight in weights.items() if "timm_model." in name}
    weights = {_PREFIX.sub("", name): weight for name, weight in weights.items() if name.startswith(prefix)}
    if not weights:
        raise UserError(f"checkpoint {source} has no weights whose names begin with {prefix!r}; check the prefix")
    return {name.removeprefix(prefix): weight for name, weight in weights.items()}


def _file_of(source: str) -> str:
    folder = Path(source).expanduser()
    if not folder.is_dir():
        return source
    found = next((folder / name for name in WEIGHT_FILES if (folder / name).is_file()), None)
    if found is None:
        raise UserError(f"checkpoint {source} is a folder without weights ({' or '.join(WEIGHT_FILES)})")
    return str(found)


def fetch_weights(name: str) -> dict[str, Tensor]:
    """Return the weights that timm publishes under a name, from the Hugging Face hub or the web.

    Downloads are cached. The result is as of :func:`read_weights`.

    Raises:
        UserError: timm publishes none, or they cannot be fetched.
    """
    from timm.models import get_pretrained_cfg

    published = get_pretrained_cfg(name)
    if published is None or not (published.hf_hub_id or (published.url and not published.custom_load)):
        raise UserError(
            f"TIMMBackbone: timm has no weights for {name}; set pretrained=False, or name a file in init_cfg"
        )
    if not published.hf_hub_id:
        return read_weights(str(published.url))
    from huggingface_hub import hf_hub_download

    file = published.hf_hub_filename or "model.safetensors"
    try:
        path = hf_hub_download(published.hf_hub_id, file)
    except Exception as error:  # the hub's client fails in its own, its transport's and the system's ways
        reason = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
        raise UserError(
            f"TIMMBackbone: the weights of {name} cannot be fetched ({reason}); fetch "
            f"{_HUB}/{published.hf_hub_id}/resolve/main/{file} elsewhere and name the file: "
            "init_cfg=dict(type='Pretrained', checkpoint='FILE') in place of pretrained=True"
        ) from error
    return read_weights(path)


def fill(model: nn.Module, name: str, weights: dict[str, Tensor], source: str, **options: Any) -> list[str]:
    """Load weights into a model without a classifier; all must fit.

    timm adapts them first, as it does with its own weights: formats of other authors, position embeddings of another
    image size, another number of input channels.

    Args:
        model: Result of ``timm.create_model(name, num_classes=0, **options)``.
        name: Name of the model.
        weights: As of :func:`read_weights`.
        source: Name of the weights in messages.
        **options: Options of the model.

    Returns:
        Names of the weights left out: those of the classifier.

    Raises:
        UserError: The weights do not fit.
    """
    import timm
    from timm.models import get_pretrained_cfg

    published = get_pretrained_cfg(name)
    own = published.classifier if published is not None and published.classifier else ()
    classifiers = {*_CLASSIFIERS, *((own,) if isinstance(own, str) else own)}
    left_out = [key for key in weights if key.rpartition(".")[0] in classifiers]
    kept = {key: weight for key, weight in weights.items() if key not in left_out}
    try:
        # A second model of the same kind: only timm's factory knows how to adapt weights. Without the name of a
        # classifier it accepts only weights that fit completely.
        donor = timm.create_model(
            name,
            pretrained=True,
            pretrained_cfg_overlay={"state_dict": kept, "classifier": None, "source": None, "custom_load": False},
            num_classes=0,
            **options,
        )
    except Exception as error:  # what timm does to weights of another network can fail anywhere
        reason = " ".join(str(error).split())
        raise UserError(
            f"TIMMBackbone: the weights {source} do not fit {name}: {reason[:300]}; name the model that they are of"
        ) from error
    model.load_state_dict(donor.state_dict())
    return left_out


_WSL = "fb_wsl_ig1b_ft_in1k"

OTHER_NAMES = {
    **{f"efficientnet-b{size}": f"tf_efficientnet_b{size}.aa_in1k" for size in range(8)},
    **{f"se_resnet{depth}": f"legacy_seresnet{depth}.in1k" for depth in (50, 101, 152)},
    **{f"se_resnext{depth}_32x4d": f"legacy_seresnext{depth}_32x4d.in1k" for depth in (50, 101)},
    **{f"res2net{depth}_v1b_26w_4s": f"res2net{depth}d.in1k" for depth in (50, 101)},
    "resnest50": "resnest50d.in1k",
    **{f"resnest{depth}": f"resnest{depth}e.in1k" for depth in (101, 200, 269)},
    **{f"resnext101_32x{width}d_wsl": f"resnext101_32x{width}d.{_WSL}" for width in (8, 16, 32)},
    # timm's table gives the network of width 8 for all four.
    **{f"ig_resnext101_32x{width}d": f"resnext101_32x{width}d.{_WSL}" for width in (8, 16, 32)},
}
_GONE = {"ig_resnext101_32x48d"}


def present_name(name: str) -> str:
    """Return timm's current name of a model, and log one line if it differs.

    Args:
        name: Old or current name in timm, with or without a tag, or a key of :data:`OTHER_NAMES`.

    Raises:
        UserError: timm has no such model, or no weights with that tag.
    """
    from timm.models import get_deprecated_models, is_model, list_models

    renamed = None if name in _GONE else OTHER_NAMES.get(name) or get_deprecated_models().get(name)
    if renamed:
        print_log(f"TIMMBackbone: {name} is {renamed} now", "current")
        return renamed
    architecture, _, tag = name.partition(".")
    if name in _GONE or not is_model(architecture):
        names = [*list_models(), *get_deprecated_models(), *OTHER_NAMES]
        near = difflib.get_close_matches(name, [known for known in names if known not in _GONE], n=4, cutoff=0.5)
        raise UserError(
            f"TIMMBackbone: timm has no model {name}; "
            + (f"did you mean {', '.join(near)}?" if near else "timm.list_models() lists its models")
        )
    if tag and name not in (tagged := list_models(f"{architecture}.*", include_tags=True)):
        raise UserError(f"TIMMBackbone: timm has no weights {name}; known are {', '.join(tagged)}")
    return name
