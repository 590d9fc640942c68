"""Parts of configs that several configs build from their own settings.

mmengine evaluates a base config before the config that names it, so a base cannot use the settings of that config; a
function can. A config imports them below its ``_base_`` line: mmengine takes an import above it, or in a config without
one, for its lazy syntax, which does not mix with ``_base_``.
"""

from typing import Any

from mmengine.config import ConfigDict

Steps = list[dict[str, Any]]


def random_crop(image_size: int, *, keep_text: bool = False) -> Steps:
    """Return training steps for a small image: load, crop at random, mirror unless there is text, jitter colours.

    Args:
        image_size: Edge of the square input, in pixels.
        keep_text: Prefer crops that show whole lines of text.
    """
    return [
        dict(type="LoadImage", min_edge=image_size * 3 // 2),
        dict(
            type="RandomResizedCropKeepText" if keep_text else "RandomResizedCrop",
            scale=image_size,
            crop_ratio_range=(0.35, 1.0),
        ),
        dict(type="FlipUnlessText", prob=0.5),
        dict(type="ColorJitter", brightness=0.3, contrast=0.3, saturation=0.3, backend="cv2"),
    ]


def center_crop(image_size: int, *, keep_text: bool = False) -> Steps:
    """Return test steps: load, bring the short edge to 8/7 of the input, crop its centre.

    Args:
        image_size: Edge of the square input, in pixels.
        keep_text: Widen and move the crop where that keeps text.
    """
    return [
        dict(type="LoadImage", min_edge=image_size * 8 // 7),
        dict(type="ResizeEdge", scale=image_size * 8 // 7, edge="short"),
        dict(type="CenterCropKeepText" if keep_text else "CenterCrop", crop_size=image_size),
    ]


def two_scales(test_image: Steps, test_text: Steps, pack: Steps) -> Steps:
    """Return the ``tta_pipeline`` of four views: two scales, each as it is and mirrored (images with text are not).

    Args:
        test_image: As from :func:`center_crop`.
        test_text: Steps that prepare the text, the same for all views.
        pack: The last steps.
    """
    load, resize, crop = test_image
    larger = dict(resize, scale=crop["crop_size"] * 9 // 7)
    flips = [dict(type="FlipUnlessText", prob=prob) for prob in (0.0, 1.0)]
    return [load, *test_text, dict(type="TestTimeAug", transforms=[[resize, larger], [crop], flips, pack])]


def image_only(base: ConfigDict) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], Steps]:
    """Leave the text out of a config of image and text.

    Args:
        base: The ``_base_`` of the new config, with the parts that ``configs/_base_/datasets`` name (``train_image``,
            ``test_image``, ``pack``) and ``image_channels``.

    Returns:
        What the new config sets over it: ``model``, ``train_dataloader``, ``val_dataloader``, ``tta_pipeline``.
    """
    return (
        dict(text_encoder=None, fusion=None, head=dict(in_channels=base.image_channels)),
        _set_pipeline(base.train_dataloader, [*base.train_image, *base.pack]),
        _set_pipeline(base.val_dataloader, [*base.test_image, *base.pack]),
        [base.tta_pipeline[0], base.tta_pipeline[-1]],
    )


def text_only(base: ConfigDict) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Leave the image out of a config of image and text.

    Args:
        base: As for :func:`image_only`, with ``train_text``, ``test_text`` and ``text_channels``.

    Returns:
        What the new config sets over it: ``model``, ``train_dataloader``, ``val_dataloader``.
    """
    return (
        dict(image_backbone=None, image_neck=None, fusion=None, head=dict(in_channels=base.text_channels)),
        _set_pipeline(base.train_dataloader, [*base.train_text, *base.pack]),
        _set_pipeline(base.val_dataloader, [*base.test_text, *base.pack]),
    )


def _set_pipeline(loader: ConfigDict, pipeline: Steps) -> dict[str, Any]:
    """Return the change that gives the dataset of a loader, inside of its wrappers, another pipeline."""
    change: dict[str, Any] = dict(dataset=dict(pipeline=pipeline))
    dataset = loader.dataset
    while "dataset" in dataset:
        change, dataset = dict(dataset=change), dataset.dataset
    return change
