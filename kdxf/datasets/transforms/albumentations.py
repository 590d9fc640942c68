"""Transforms and policies of albumentations, from a config or a policy file of version 1 or 2."""

import difflib
import inspect
import json
import random
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmengine.logging import print_log

from kdxf.datasets.transforms.albumentations_names import translate
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf_runtime.optional import require

_NORMALIZERS = ("Normalize", "ToTensor", "ToTensorV2")
_PARTS = ("BasicTransform", "BaseCompose")


def read_policy(file: str | Path) -> tuple[list[dict[str, Any]], float]:
    """Read a policy that ``albumentations.save`` or AutoAlbument wrote.

    Args:
        file: JSON, or YAML if the suffix is ``.yaml`` or ``.yml``.

    Returns:
        Its transforms, each a dict with ``type``, and the probability that they are applied at all.

    Raises:
        UserError: It does not exist, or is not such a file.
    """
    path = Path(file).expanduser()
    if not path.is_file():
        raise UserError(f"Albumentations: the policy file {file} does not exist; check the path")
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.safe_load(text) if path.suffix in (".yaml", ".yml") else json.loads(text)
        root = _plain(content["transform"])
        # The other entries of a Compose concern boxes and masks.
        return (root["transforms"], root.get("p", 1.0)) if root["type"] == "Compose" else ([root], 1.0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"Albumentations: {file} is no policy that albumentations.save wrote ({type(error).__name__}: {reason})"
        ) from error


def _plain(saved: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a saved transform to the form of a config: ``type`` and options."""
    options = {key: value for key, value in saved.items() if key != "__class_fullname__"}
    if "transforms" in options:
        options["transforms"] = [_plain(part) for part in options["transforms"]]
    return {"type": saved["__class_fullname__"].rpartition(".")[2], **options}


def build_policy(transforms: Sequence[Mapping[str, Any]], p: float, where: str) -> Any:
    """Build an ``albumentations.Compose``; log what is renamed or left out.

    Args:
        transforms: Dicts with ``type``, and with ``transforms`` if they contain others.
        p: The probability that they are applied at all.
        where: The name of the policy, for messages.

    Raises:
        UserError: albumentations is missing or has no such transform or option.
    """
    require("albumentations", "augment", "Albumentations")
    kept = list(transforms)
    while kept and isinstance(kept[-1], Mapping) and kept[-1].get("type") in _NORMALIZERS:
        kept.pop()
    if left_out := [part["type"] for part in transforms[len(kept) :]]:
        names = ", ".join(left_out)
        print_log(f"Albumentations: {where}: {names} at its end left out: the data preprocessor does that", "current")
    builder = _Builder(where)
    policy = builder.build({"type": "Compose", "transforms": kept, "p": p})
    for old, new in sorted(builder.renamed.items()):
        print_log(f"Albumentations: {where}: {old} is {new} now", "current")
    if builder.changed:
        names = ", ".join(sorted(builder.changed))
        print_log(f"Albumentations: {where}: options of albumentations 1.x translated: {names}", "current")
    return policy


class _Builder:
    """Builder of nested transforms that records what it translated."""

    def __init__(self, where: str) -> None:
        import albumentations

        self.library: Any = albumentations
        self.where = where
        self.renamed: dict[str, str] = {}
        self.changed: set[str] = set()

    def build(self, part: Mapping[str, Any], weighs: bool = False) -> Any:
        """Build a transform and those inside it; ``weighs`` tells that its ``p`` is a weight."""
        if not isinstance(part, Mapping) or not isinstance(part.get("type"), str):
            raise UserError(f"Albumentations: {self.where}: {part!r} is no transform; give a dict with 'type'")
        old = part["type"]
        given = {key: value for key, value in part.items() if key != "type"}
        name, options = translate(old, given, weighs)
        if name != old:
            self.renamed[old] = name
        elif options != {key: value for key, value in given.items() if key != "always_apply"}:
            self.changed.add(name)
        kind = self._class(name)
        unknown = sorted(options.keys() - inspect.signature(kind.__init__).parameters.keys())
        if unknown:
            raise UserError(
                f"Albumentations: {self.where}: {name} of albumentations {self.library.__version__} has no option "
                f"{', '.join(unknown)}; take it out or give the present one"
            )
        if "transforms" in options:
            options["transforms"] = [self.build(inner, name == "OneOf") for inner in options["transforms"]]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "ShiftScaleRotate is a special case")
            try:
                return kind(**options)
            except Exception as error:  # albumentations checks values in several ways
                reason = " ".join(str(error).partition("For further information")[0].split())
                raise UserError(f"Albumentations: {self.where}: {name} cannot be built: {reason}") from error

    def _class(self, name: str) -> Any:
        """Return the class of albumentations with this name."""
        if name in _NORMALIZERS:
            raise UserError(
                f"Albumentations: {self.where}: {name} stands before other transforms; the data preprocessor "
                "normalizes: take it out"
            )
        kind = getattr(self.library, name, None)
        parts = tuple(getattr(self.library, part) for part in _PARTS)
        if isinstance(kind, type) and issubclass(kind, parts):
            return kind
        names = [known for known, value in vars(self.library).items() if isinstance(value, type)]
        near = difflib.get_close_matches(name, names, n=3)
        raise UserError(
            f"Albumentations: {self.where}: albumentations {self.library.__version__} has no transform {name}"
            + (f"; did you mean {', '.join(near)}?" if near else "; it was removed: take it out")
        )


@TRANSFORMS.register_module()
class Albumentations(BaseTransform):
    """Transforms of albumentations, listed in the config or in a policy file.

    It replaces MMPretrain's class of this name. The transforms get the image in RGB, as albumentations expects, and
    nothing else of the sample; their random numbers are derived from NumPy's, so that a seed repeats a run and loader
    workers draw differently. Names and options of albumentations 1.x are translated, with a line in the log:
    :mod:`kdxf.datasets.transforms.albumentations_names`. Options that a config leaves out have the defaults of 2.x: the
    border of ``Rotate`` and ``ShiftScaleRotate`` is then black (``border_mode=0``), not mirrored (4) as in 1.x.
    ``Normalize`` and ``ToTensorV2`` at the end are left out, since the data preprocessor does that.

    The boxes in ``ocr`` stay as they are: put transforms that use the place of the text (``RandomResizedCropKeepText``,
    ``EraseText``, ...) before this one. Mirroring and quarter turns make text illegible.

    Needs ``pip install 'kdxf[augment]'``.

    Required key: ``img``. Modified key: ``img``. Added key: ``img_shape``.

    Args:
        transforms: Dicts with ``type``, the name of a class, and its options; ``OneOf`` and the like hold
            ``transforms`` of their own.
        file: Instead of ``transforms``, a JSON or YAML file that ``albumentations.save`` wrote, such as AutoAlbument's
            ``latest.json``.

    Raises:
        UserError: Both or neither are given, the file is not a policy, or albumentations lacks a transform or option.
    """

    def __init__(self, transforms: Sequence[dict[str, Any]] | None = None, file: str | Path | None = None) -> None:
        if (transforms is None) == (file is None):
            raise UserError("Albumentations: give transforms or file, one of the two")
        self.where = "transforms" if file is None else str(file)
        parts, p = (list(transforms or ()), 1.0) if file is None else read_policy(file)
        self.policy = build_policy(parts, p, self.where)
        self._numpy, self._python = np.random.default_rng(0), random.Random(0)
        self.policy.set_random_state(self._numpy, self._python)

    @cache_randomness
    def _draw_seed(self) -> int:
        return int(np.random.randint(2**32, dtype=np.uint32))

    def transform(self, results: dict) -> dict:
        """Augment ``img``.

        Raises:
            UserError: The policy cannot be applied to this image, or does not return an 8-bit image.
        """
        seed = self._draw_seed()
        self._numpy.bit_generator.state = np.random.PCG64(seed).state  # all transforms share these two
        self._python.seed(seed)
        height, width = results["img"].shape[:2]
        try:
            image = self.policy(image=cv2.cvtColor(results["img"], cv2.COLOR_BGR2RGB))["image"]
        except Exception as error:  # a transform of an image that is too small may fail anywhere
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UserError(
                f"Albumentations: {self.where} fails on an image of {width}x{height} pixels: {reason}"
            ) from error
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3:
            kind = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
            raise UserError(f"Albumentations: {self.where} gives {kind} in place of an image of 8 bits; take that out")
        results["img"] = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        results["img_shape"] = results["img"].shape[:2]
        return results
