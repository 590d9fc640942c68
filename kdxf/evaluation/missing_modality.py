"""A test set without one of its modalities, to see how much that is worth."""

from mmengine.config import Config, ConfigDict

from kdxf.engine.config import type_name
from kdxf.errors import UserError
from kdxf.inference.pipeline import dataset_config

# The part of the model that takes a modality in.
_PARTS = {"image": "image_backbone", "text": "text_encoder"}
_PACKERS = ("PackImageTextInputs", "PackInputs")


def has_both_modalities(model: ConfigDict) -> bool:
    """Return whether the model, or every member of an ensemble, takes in image and text."""
    return all(member.get(part) is not None for member in _members(model) for part in _PARTS.values())


def remove_modality(cfg: Config, modality: str) -> None:
    """Make a config blank every image of its test set, just before the sample is packed, or do without any text.

    Without text an image is prepared as one whose text nobody has read, so that views of test-time augmentation that
    depend on text are those of an image without any.

    Args:
        cfg: Changed in place: the pipeline of ``test_dataloader``, and ``tta_pipeline`` where there is one.
        modality: ``'image'`` or ``'text'``.

    Raises:
        UserError: The model does not have both modalities, or a pipeline packs nothing.
    """
    for model in _members(cfg.model):
        for part in _PARTS.values():
            if model.get(part) is None:
                raise UserError(
                    f"--without {modality}: the model of {cfg.filename} has no {part}; it needs a model of image and "
                    "text"
                )
    remove = _without_image if modality == "image" else _without_text
    dataset = dataset_config(cfg)
    dataset.pipeline = remove(dataset.pipeline)
    if cfg.get("tta_pipeline") is not None:
        cfg.tta_pipeline = remove(cfg.tta_pipeline)


def _members(model: ConfigDict) -> list[ConfigDict]:
    return model.get("members") or [model]


def _without_text(pipeline: list) -> list:
    return [ConfigDict(type="kdxf.ForgetText"), *pipeline]


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
