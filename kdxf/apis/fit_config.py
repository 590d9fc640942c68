"""The short configs that ``kdxf fit`` writes, and that the user owns from then on."""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["frozen", "fine-tuned", "ensemble"]
TRAINED: tuple[Kind, ...] = ("frozen", "fine-tuned")
KINDS: tuple[Kind, ...] = (*TRAINED, "ensemble")

_SETTINGS: dict[Kind, dict[str, Any]] = {
    "frozen": {"image_size": 224, "views": 4, "max_epochs": 80, "lr": 5e-3},
    "fine-tuned": {"image_size": 192, "test_size": 224, "max_epochs": 10, "lr": 5e-4},
}
ENSEMBLE_CONFIG = '''"""The head on frozen features and the fine-tuned model, whose scores are averaged.

kdxf fit wrote this file, and it is yours. The pipelines are those of fine-tuned.py.
"""

_base_ = "fine-tuned.py"

work_dir = "{{ fileDirname }}/ensemble"
model = dict(_delete_=True, type="EnsembleClassifier", members=[_base_.model, _base_.model])
'''
_BATCH: dict[Kind, int] = {"frozen": 64, "fine-tuned": 32}
_WORKERS = 2
_FEW = 200  # images; below, starting loader processes takes longer than it saves
_NOTES = {
    "backbone": "lite0 is faster, lite2 better",
    "views": "of each training picture, besides the test view",
    "test_size": "larger than in training, where crops magnify",
    "tfidf_channels": "channels in tfidf/tfidf.json",
}


@dataclass(frozen=True)
class FitSettings:
    """What the configs are made of.

    Attributes:
        root: The image root, absolute.
        classes: K.
        images: The number of training images.
        backbone: ``'lite0'`` or ``'lite2'``.
        tfidf_channels: C of the TF-IDF folder; 0 where there is no text, and the model sees the image alone.
        tokenizer: Config of the tokenizer.
        ocr: The OCR table, absolute; None for ``ocr`` beside the config.
        engine: Config of the OCR engine that reads new images.
        seed: Of the training.
        epochs: Of fine-tuning.
        start: The checkpoint of the head that fine-tuning starts from, relative to the folder of the config; None
            starts from a new head.
        letterboxed: Show whole pictures in a frame instead of crops.
    """

    root: str
    classes: int
    images: int
    backbone: str
    tfidf_channels: int
    tokenizer: dict[str, Any]
    ocr: str | None
    engine: dict[str, Any]
    seed: int
    epochs: int = 10
    start: str | None = None
    letterboxed: bool = False


def write_config(kind: Kind, settings: FitSettings) -> str:
    """Return the text of a config.

    Args:
        kind: ``'frozen'`` trains a head on stored features, ``'fine-tuned'`` all of the model.
        settings: What it is made of.
    """
    frozen, text = kind == "frozen", settings.tfidf_channels > 0
    often = {"backbone": settings.backbone, **_SETTINGS[kind]}
    often["batch_size"] = max(2, min(_BATCH[kind], settings.images // 4))
    if not frozen:
        often["max_epochs"] = settings.epochs
        often["num_workers"] = _WORKERS if settings.images >= _FEW else 0
    data: dict[str, Any] = {"num_classes": settings.classes}
    if text:
        data |= {"tfidf_channels": settings.tfidf_channels, "tokenizer": settings.tokenizer}
    data["ocr_engine"] = settings.engine
    data["randomness"] = {"seed": settings.seed}
    ocr = 'out + "ocr"' if settings.ocr is None else _literal(settings.ocr)
    crops = ("letterbox", "random_letterbox") if settings.letterboxed else ("center_crop", "random_crop")
    parts = sorted([*(["stored_image"] if frozen else ["lite_backbone", *crops]), *["tfidf_text"] * text])
    what = "a head on the frozen features of" if frozen else "fine-tuned"
    lines = [
        f'"""{what.capitalize()} EfficientNet{" and TF-IDF of the text" if text else ", without text"}.',
        "",
        "kdxf fit wrote this file, and it is yours: change the settings on top, and run the same kdxf fit again.",
        '"""',
        "",
        f'_base_ = "kdxf::_base_/lite_tfidf{"_frozen" if frozen else ""}.py"',
        "",
        f"from kdxf.engine.config_parts import {', '.join(parts)}",
        "",
        "# Often changed.",
        *_assignments(often),
        "",
        "# The data.",
        'out = "{{ fileDirname }}/"',
        *_assignments(data),
        f'dataset = dict(data_root={_literal(settings.root)}, classes=out + "classes.txt", ocr_file={ocr})',
        "",
        "# Hardly ever changed.",
        f'work_dir = out + "{kind}"',
        *([f"load_from = out + {_literal(settings.start)}"] * (not frozen and settings.start is not None)),
    ]
    if frozen:
        whole = ", letterboxed=True" * settings.letterboxed
        lines += [f'train_image, test_image = stored_image(out + "features", backbone, image_size, views{whole})']
    else:
        lines += [f"train_image, test_image = {crops[1]}(image_size), {crops[0]}(test_size)"]
    if text:
        lines += ['train_text, test_text = tfidf_text(out + "tfidf", tokenizer)']
    train = f"*train_image{', *train_text' * text}{', *_base_.drop' * (text and frozen)}"
    if not frozen and not text:
        lines += ['train_image = [step for step in train_image if step["type"] != "FlipUnlessText"]']
    lines += [
        f"train_steps = [{train}, *_base_.pack]",
        f"test_steps = [*test_image, {'*test_text, ' * text}*_base_.pack]",
        "data_preprocessor = dict(num_classes=num_classes)",
        "model = dict(",
        *(["    image_backbone=lite_backbone(backbone),"] * (not frozen)),
        f"    text_encoder={'dict(in_channels=tfidf_channels)' if text else None},",
        *(["    fusion=None,"] * (not text)),
        "    head=dict("
        + (
            "num_classes=num_classes, heads=dict(text=dict(in_channels=tfidf_channels))"
            if text
            else "_base_.image_head, _delete_=True, num_classes=num_classes"
        )
        + "),",
        ")",
        f"loader = dict({'' if frozen else 'num_workers=num_workers, persistent_workers=num_workers > 0'})",
        *_data_loader("train", "train_steps", frozen),
        *_data_loader("val", "test_steps", frozen),
        *_data_loader("test", "test_steps", frozen),
        "optim_wrapper = dict(optimizer=dict(lr=lr))",
        "train_cfg = dict(max_epochs=max_epochs)",
    ]
    return "\n".join(lines) + "\n"


def _assignments(values: dict[str, Any]) -> list[str]:
    return [
        f"{key} = {_literal(value)}" + (f"  # {_NOTES[key]}" if key in _NOTES else "") for key, value in values.items()
    ]


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return f"dict({', '.join(f'{key}={_literal(item)}' for key, item in value.items())})"
    return f'"{value}"' if isinstance(value, str) and '"' not in value and "\\" not in value else repr(value)


def _data_loader(name: str, steps: str, frozen: bool) -> list[str]:
    batch = "" if frozen and name != "train" else "batch_size=batch_size, "
    return [
        f"{name}_dataloader = dict(",
        f'    **loader, {batch}dataset=dict(**dataset, ann_file=out + "{name}.csv", pipeline={steps})',
        ")",
    ]
