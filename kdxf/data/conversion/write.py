"""Annotation lists written in the forms that other programs read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from kdxf.errors import UserError
from kdxf_runtime.io.files import copy_whole, link_whole
from kdxf_runtime.io.unicode_names import find_file

Records = list[dict[str, Any]]


def to_json(frame: pd.DataFrame, classes: pd.DataFrame) -> bytes:
    """Return the AliProducts form: ``{"images": [{"image_id": ..., "class_id": ...}]}``, with the ids of the data."""
    ids = [int(item) if item.isdecimal() and str(int(item)) == item else item for item in classes["id"]]
    labels = _column(frame, classes, ids)
    pairs = frame.drop(columns=["label"]).rename(columns={"image": "image_id"})
    pairs.insert(1, "class_id", pd.Series(labels, index=frame.index, dtype="object"))
    return _dump({"images": _records(pairs)})


def to_data_list(frame: pd.DataFrame, classes: pd.DataFrame) -> bytes:
    """Return OpenMMLab's form for ``CustomDataset``: ``{"metainfo": {"classes": []}, "data_list": [...]}``."""
    pairs = frame.drop(columns=["label"]).rename(columns={"image": "img_path"})
    pairs.insert(1, "gt_label", _column(frame, classes, range(len(classes))))
    return _dump({"metainfo": {"classes": classes["name"].tolist()}, "data_list": _records(pairs)})


def to_coco(frame: pd.DataFrame, classes: pd.DataFrame) -> bytes:
    """Return COCO without boxes, as iNaturalist uses it: images, annotations, categories.

    Raises:
        UserError: The list has a column ``id``, which COCO uses itself.
    """
    indices = _column(frame, classes, range(len(classes)))
    numbered = frame.drop(columns=["label"]).rename(columns={"image": "file_name"})
    if "id" in numbered.columns:
        raise UserError("--to coco: the list has a column 'id', and COCO numbers its images with that; rename it")
    numbered.insert(0, "id", range(len(frame)))
    annotations = [{"id": number, "image_id": number, "category_id": index} for number, index in enumerate(indices)]
    categories = [{"id": index, "name": name} for index, name in enumerate(classes["name"])]
    return _dump({"images": _records(numbered), "annotations": annotations, "categories": categories})


def to_lines(frame: pd.DataFrame, classes: pd.DataFrame) -> bytes:
    """Return MMPretrain's list: ``path index``, one per line."""
    indices = _column(frame, classes, range(len(classes)))
    return "".join(f"{image} {index}\n" for image, index in zip(frame["image"], indices, strict=True)).encode()


def lost_by(form: str, frame: pd.DataFrame) -> list[str]:
    """Describe what a form cannot hold, one line each.

    Args:
        form: ``json``, ``coco``, ``mmpretrain`` or ``folders``.
        frame: The list to write.
    """
    if form not in ("mmpretrain", "folders"):
        return []
    others = [name for name in frame.columns if name not in ("image", "label")]
    return [f"{form} holds no other columns; left out: {', '.join(others)}"] if others else []


def folder_plan(frame: pd.DataFrame, classes: pd.DataFrame, root: Path, out: Path) -> dict[Path, Path]:
    """Plan one folder per class, named by the class id.

    Args:
        frame: The list, labels as names.
        classes: The class map.
        root: The image root.
        out: Folder of the class folders.

    Returns:
        New file to source file. If two images of a class have one file name, both are named by their whole path.

    Raises:
        UserError: A class id cannot be a folder name, or an image is missing.
    """
    for item in classes["id"]:
        if "/" in item or "\\" in item or item.startswith(".") or not item:
            raise UserError(f"--to folders: the class id {item!r} cannot be the name of a folder; number the classes")
    folders = pd.Series(_column(frame, classes, classes["id"].tolist()), index=frame.index)
    names = frame["image"].str.rsplit("/", n=1).str[-1]
    clashing = pd.DataFrame({"folder": folders, "name": names}).duplicated(keep=False) & ~frame["image"].duplicated()
    names = names.where(~clashing, frame["image"].str.replace("/", "__", regex=False))
    plan = {
        out / folder / name: find_file(root / image)
        for folder, name, image in zip(folders, names, frame["image"], strict=True)
    }
    if missing := [source for source in plan.values() if not source.is_file()]:
        raise UserError(f"{missing[0]} ({len(missing)} in all): no such image; set the image root with --root")
    return plan


def make_folders(plan: dict[Path, Path], copy: bool) -> None:
    """Copy or link the files of a :func:`folder_plan`.

    Args:
        plan: New file to old file.
        copy: Whether to copy the files; otherwise they are hard-linked.

    Raises:
        UserError: Links are not possible between the two places.
    """
    put: Callable[[Path, Path], None] = copy_whole if copy else link_whole
    for target, source in plan.items():
        try:
            put(source.resolve(), target)
        except OSError as error:
            if copy:
                raise
            raise UserError(f"{target}: cannot be linked to {source} ({error.strerror}); use --copy") from error


def _column(frame: pd.DataFrame, classes: pd.DataFrame, values: Any) -> list[Any]:
    of_name = dict(zip(classes["name"], values, strict=True))
    return [of_name[label] for label in frame["label"]]


def _records(frame: pd.DataFrame) -> Records:
    """Return the rows as objects without their empty cells."""
    columns = {name: frame[name].astype("object").tolist() for name in frame.columns}
    missing = {name: frame[name].isna().tolist() for name in frame.columns}
    return [
        {name: values[row] for name, values in columns.items() if not missing[name][row]} for row in range(len(frame))
    ]


def _dump(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, default=_plain) + "\n").encode()


def _plain(value: Any) -> Any:
    return value.item()
