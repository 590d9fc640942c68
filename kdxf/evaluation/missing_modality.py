"""A test set without one of its modalities, to see how much that is worth."""

from mmengine.config import Config, ConfigDict

from kdxf.engine.config import type_name
from kdxf.errors import UserError
from kdxf.inference.pipeline import dataset_config

MODALITIES = ("image", "text", "table")
"""What a model may take in."""
# The part of the model that takes a modality in.
_PARTS = {"image": "image_backbone", "text": "text_encoder", "table": "table_encoder"}
_PACKERS = ("PackImageTextInputs", "PackInputs")


def modalities_of(model: ConfigDict) -> tuple[str, ...]:
    """Return what the model, or every member of an ensemble, takes in, of :data:`MODALITIES`."""
    members = _members(model)
    return tuple(name for name in MODALITIES if all(member.get(_PARTS[name]) is not None for member in members))


def has_both_modalities(model: ConfigDict) -> bool:
    """Return whether the model, or every member of an ensemble, takes in image and text."""
    return {"image", "text"} <= set(modalities_of(model))


def remove_modality(cfg: Config, modality: str) -> None:
    """Make a config blank every image of its test set, just before the sample is packed, or do without text or table.

    Without text an image is prepared as one whose text nobody has read, so that views of test-time augmentation that
    depend on text are those of an image without any. Without a table all of its cells are missing.

    Args:
        cfg: Changed in place: the pipeline of ``test_dataloader``, and ``tta_pipeline`` where there is one.
        modality: One of :data:`MODALITIES`.

    Raises:
        UserError: The model does not have this modality and another one, or a pipeline packs nothing.
    """
    for model in _members(cfg.model):
        takes = modalities_of(model)
        if modality not in takes or len(takes) < 2:
            lacking = _PARTS[modality] if modality not in takes else _other_part(modality)
            needed = "image and text" if modality != "table" else "a table and an image or a text"
            raise UserError(
                f"--without {modality}: the model of {cfg.filename} has no {lacking}; it needs a model of {needed}"
            )
    remove = {"image": _without_image, "text": _without_text, "table": _without_table}[modality]
    dataset = dataset_config(cfg)
    dataset.pipeline = remove(dataset.pipeline)
    if cfg.get("tta_pipeline") is not None:
        cfg.tta_pipeline = remove(cfg.tta_pipeline)


def _other_part(modality: str) -> str:
    return _PARTS["image" if modality != "image" else "text"]


def _members(model: ConfigDict) -> list[ConfigDict]:
    return model.get("members") or [model]


def _without_text(pipeline: list) -> list:
    return [ConfigDict(type="kdxf.ForgetText"), *pipeline]


def _without_table(pipeline: list) -> list:
    return [ConfigDict(type="kdxf.ForgetTable"), *pipeline]


def _without_image(pipeline: list) -> list:
    """Return the pipeline with a step before the one that packs, which may be inside ``TestTimeAug``."""
    step = ConfigDict(type="kdxf.BlankImage")
    for index, transform in enumerate(pipeline):
        if type_name(transform) in _PACKERS:
            return [*pipeline[:index], step, *pipeline[index:]]
        if type_name(transform) == "TestTimeAug":
            groups = transform["transforms"]
            for position, group in enumerate(groups):
                if any(type_name(choice) in _PACKERS for choice in group):
                    views = ConfigDict({**transform, "transforms": [*groups[:position], [step], *groups[position:]]})
                    return [*pipeline[:index], views, *pipeline[index + 1 :]]
    raise UserError(f"--without image: a test pipeline of the config has none of {', '.join(_PACKERS)}")
