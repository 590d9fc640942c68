"""Builds albumentations' transforms from a config or from a policy file, of version 1 or 2."""

import difflib
import inspect
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from mmengine.logging import print_log

from kdxf.datasets.transforms.albumentations_names import present
from kdxf.errors import UserError
from kdxf.optional import require

_NORMALIZERS = ("Normalize", "ToTensor", "ToTensorV2")
_PARTS = ("BasicTransform", "BaseCompose")


def read_policy(file: str | Path) -> tuple[list[dict[str, Any]], float]:
    """Reads a policy that ``albumentations.save`` or AutoAlbument wrote.

    Args:
        file: JSON, or YAML where it is called ``.yaml`` or ``.yml``.

    Returns:
        Its transforms, each a dict with ``type``, and the probability that they are applied at all.

    Raises:
        UserError: It is not there, or is no such file.
    """
    path = Path(file).expanduser()
    if not path.is_file():
        raise UserError(f"Albumentations: the policy file {file} does not exist; check the path")
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.safe_load(text) if path.suffix in (".yaml", ".yml") else json.loads(text)
        root = _plain(content["transform"])
        # The rest of a Compose is about boxes and masks.
        return (root["transforms"], root.get("p", 1.0)) if root["type"] == "Compose" else ([root], 1.0)
    except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"Albumentations: {file} is no policy that albumentations.save wrote ({type(error).__name__}: {reason})"
        ) from error


def _plain(saved: Mapping[str, Any]) -> dict[str, Any]:
    """Brings a saved transform to the form of a config: ``type`` and options."""
    options = {key: value for key, value in saved.items() if key != "__class_fullname__"}
    if "transforms" in options:
        options["transforms"] = [_plain(part) for part in options["transforms"]]
    return {"type": saved["__class_fullname__"].rpartition(".")[2], **options}


def build_policy(transforms: Sequence[Mapping[str, Any]], p: float, where: str) -> Any:
    """Builds an ``albumentations.Compose``; logs a line for what is renamed or left out.

    Args:
        transforms: Dicts with ``type``, and ``transforms`` where they hold others.
        p: The probability that they are applied at all.
        where: What messages call the policy.

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
    """Builds nested transforms, and remembers what it translated."""

    def __init__(self, where: str) -> None:
        import albumentations

        self.library: Any = albumentations
        self.where = where
        self.renamed: dict[str, str] = {}
        self.changed: set[str] = set()

    def build(self, part: Mapping[str, Any], weighs: bool = False) -> Any:
        """Builds a transform and those in it; ``weighs``: its ``p`` is a weight."""
        if not isinstance(part, Mapping) or not isinstance(part.get("type"), str):
            raise UserError(f"Albumentations: {self.where}: {part!r} is no transform; give a dict with 'type'")
        old = part["type"]
        given = {key: value for key, value in part.items() if key != "type"}
        name, options = present(old, given, weighs)
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
        """Finds a class of albumentations."""
        if name in _NORMALIZERS:
            raise UserError(
                f"Albumentations: {self.where}: {name} stands before other transforms; the data preprocessor "
                "normalizes: take it out"
            )
        kind = getattr(self.library, name, None)
        parts = tuple(getattr(self.library, part) for part in _PARTS)
        if isinstance(kind, type) and issubclass(kind, parts):
            return kind
        names = [known for known, found in vars(self.library).items() if isinstance(found, type)]
        near = difflib.get_close_matches(name, names, n=3)
        raise UserError(
            f"Albumentations: {self.where}: albumentations {self.library.__version__} has no transform {name}"
            + (f"; did you mean {', '.join(near)}?" if near else "; it was removed: take it out")
        )
