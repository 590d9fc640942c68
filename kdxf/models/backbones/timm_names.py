"""Names of timm's models: the present one for names that were valid once, or in the library a model came from.

timm writes a model as ``ARCHITECTURE.TAG``, where the tag says which weights; without a tag it means the default ones.
Names of timm before 0.9 are in a table that timm keeps itself. Those of other libraries are in :data:`OTHER_NAMES`:

==============================  =====================================  ===============================================
name                            timm's present name                    what it is
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

from mmengine.logging import print_log
from timm.models import get_deprecated_models, is_model, list_models

from kdxf.errors import UserError

_WSL = "fb_wsl_ig1b_ft_in1k"

OTHER_NAMES = {
    **{f"efficientnet-b{size}": f"tf_efficientnet_b{size}.aa_in1k" for size in range(8)},
    **{f"se_resnet{depth}": f"legacy_seresnet{depth}.in1k" for depth in (50, 101, 152)},
    **{f"se_resnext{depth}_32x4d": f"legacy_seresnext{depth}_32x4d.in1k" for depth in (50, 101)},
    **{f"res2net{depth}_v1b_26w_4s": f"res2net{depth}d.in1k" for depth in (50, 101)},
    "resnest50": "resnest50d.in1k",
    **{f"resnest{depth}": f"resnest{depth}e.in1k" for depth in (101, 200, 269)},
    **{f"resnext101_32x{width}d_wsl": f"resnext101_32x{width}d.{_WSL}" for width in (8, 16, 32)},
    # timm's table names the network of width 8 for all four.
    **{f"ig_resnext101_32x{width}d": f"resnext101_32x{width}d.{_WSL}" for width in (8, 16, 32)},
}
_GONE = {"ig_resnext101_32x48d"}


def present_name(name: str) -> str:
    """Gives the name that timm has now, and logs one line where it is another.

    Args:
        name: A name of timm's, old or new, with or without a tag, or a key of :data:`OTHER_NAMES`.

    Raises:
        UserError: timm has no such model, or no weights of that tag.
    """
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
