"""Read lists in other forms: JSON (AliProducts, COCO, ...) and the tables of competitions.

================================================================================ =====================
form                                                                             who writes it
================================================================================ =====================
``{"images": [{"image_id": "a.jpg", "class_id": 12}]}``, or the list alone       AliProducts
``{"images": [...], "annotations": [{"image_id", "category_id"}], "categories"}`` COCO, iNaturalist
``{"metainfo": {"classes": []}, "data_list": [{"img_path", "gt_label"}]}``       OpenMMLab 2
``{"a.jpg": 12, "b.jpg": 3}``                                                    small competitions
================================================================================ =====================
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kdxf.data.conversion.convert import IMAGE_KEYS, LABEL_KEYS, Annotations, as_frame, find_key
from kdxf.errors import UserError
from kdxf.io.csv_tables import read_csv
from kdxf_runtime.io.text_files import read_json_text

_FORMS = "a list of objects, COCO, MMPretrain's data_list, or one object from image to label"


def read_json(path: Path, image_key: str | None = None, label_key: str | None = None) -> Annotations:
    """Read one of the forms above.

    Args:
        path: The file.
        image_key: The key of an object's image; by default the first common name that is present.
        label_key: The key of its label, likewise.

    Raises:
        UserError: The file is missing, or not of these forms.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        return _read_content(read_json_text(path), path, image_key, label_key)
    except UnicodeEncodeError as error:  # bytes of a file name, as Python writes them
        raise UserError(f"{path}: has a name that is no UTF-8 ({error.object!a}); rename the file") from error


def _read_content(content: Any, path: Path, image_key: str | None, label_key: str | None) -> Annotations:
    if isinstance(content, dict):
        if isinstance(content.get("data_list"), list):
            return _read_data_list(content, path, image_key, label_key)
        annotations = content.get("annotations")
        if isinstance(annotations, list) and annotations and "categories" in content:
            if not _are_objects(annotations):
                raise UserError(f"{path}: annotations is no list of objects; not the COCO form")
            if "image_id" in annotations[0]:
                return _read_coco(content, path)
        if content and all(isinstance(value, (str, int)) for value in content.values()):
            pairs = pd.DataFrame({"image": list(content), "label": [str(value) for value in content.values()]})
            return Annotations(as_frame(pairs, "image", "label", path))
        content = next((content[key] for key in ("images", "annotations", "data") if content.get(key)), None)
    if not _are_objects(content):
        raise UserError(f"{path}: no list of images in it; expected {_FORMS}")
    return _read_objects(content, path, image_key, label_key)


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _check_keys(objects: Sequence[dict[str, Any]], keys: Sequence[str], name: str, path: Path) -> None:
    """Check that what names an image or a class is a text or a whole number, in every object that has it."""
    for key in keys:
        for item in objects:
            if key in item and item[key] is not None and type(item[key]) not in (str, int):
                raise UserError(f"{path}: {name} has {key!r} = {item[key]!r}; write a text or a whole number")


def _read_objects(
    objects: list[dict[str, Any]], path: Path, image_key: str | None, label_key: str | None
) -> Annotations:
    table = pd.DataFrame(objects)
    columns = list(map(str, table.columns))
    image = find_key(image_key, IMAGE_KEYS, columns, path, "--image-key")
    labelled = label_key is not None or any(key in columns for key in LABEL_KEYS)
    label = find_key(label_key, LABEL_KEYS, columns, path, "--label-key") if labelled else None
    _check_keys(objects, [image] if label is None else [image, label], "an object", path)
    notes = []
    for name in [name for name in columns if name not in (image, label)]:
        if table[name].map(lambda value: isinstance(value, (list, dict))).any():
            table = table.drop(columns=name)
            notes.append(f"{name!r} holds lists or objects, which a table cannot; left out")
    return Annotations(as_frame(table, image, label, path), {}, notes)


def _read_data_list(content: dict[str, Any], path: Path, image_key: str | None, label_key: str | None) -> Annotations:
    if not _are_objects(content["data_list"]):
        raise UserError(f"{path}: data_list is no list of objects; expected {_FORMS}")
    for item in content["data_list"]:
        if isinstance(label := item.get("gt_label"), list):
            if len(label) != 1:
                raise UserError(
                    f"{path}: {item.get('img_path')} has {len(label)} labels; a list holds one label per image"
                )
            item["gt_label"] = label[0]
    data = _read_objects(content["data_list"], path, image_key, label_key)
    info = content.get("metainfo") or {}
    names = (info.get("classes") or []) if isinstance(info, dict) else None
    if not isinstance(names, list):
        raise UserError(f"{path}: metainfo is no object with a list of classes; not MMPretrain's form")
    return Annotations(
        data.frame, {str(index): str(name) for index, name in enumerate(names)}, data.notes, indexed=True
    )


def _read_coco(content: dict[str, Any], path: Path) -> Annotations:
    tables = []
    for name, keys in (
        ("categories", ("id", "name")),
        ("annotations", ("image_id", "category_id")),
        ("images", ("id", "file_name")),
    ):
        objects = content.get(name) or []
        if objects and not _are_objects(objects):
            raise UserError(f"{path}: {name} is no list of objects; not the COCO form")
        if missing := [key for key in keys if not any(key in item for item in objects)]:
            raise UserError(f"{path}: {name} lack {', '.join(missing)}; not the COCO form")
        if incomplete := [key for key in keys if any(item.get(key) is None for item in objects)]:
            raise UserError(f"{path}: one of the {name} has no {incomplete[0]}; not the COCO form")
        _check_keys(objects, keys, f"one of the {name}", path)
        tables.append(pd.DataFrame(objects))
    categories, pairs, images = tables
    # The ids of one file may be numbers here and texts there.
    categories = categories.assign(id=categories["id"].map(str))
    pairs = pairs.assign(image_id=pairs["image_id"].map(str), category_id=pairs["category_id"].map(str))
    pairs = pairs[["image_id", "category_id"]].drop_duplicates()
    if (several := pairs["image_id"].duplicated()).any():
        raise UserError(
            f"{path}: image {pairs['image_id'][several].iloc[0]} ({int(several.sum())} in all) has several categories; "
            "a list holds one label per image"
        )
    images = images.drop(columns="category_id", errors="ignore").assign(image_id=images["id"].map(str))
    table = images.merge(pairs, on="image_id", how="left").drop(columns="image_id")
    notes = []
    if unlabelled := int(table["category_id"].isna().sum()):
        notes.append(f"{unlabelled} images without an annotation; left out")
        table = table[table["category_id"].notna()]
    if unknown := set(table["category_id"]) - set(categories["id"]):
        raise UserError(f"{path}: the category {min(unknown)} of an annotation is none of the categories; add it")
    if "supercategory" in categories.columns:
        above = dict(zip(categories["id"], categories["supercategory"], strict=True))
        table = table.assign(coarse_label=table["category_id"].map(above))
    plain = [name for name in table.columns if not table[name].map(lambda value: isinstance(value, (list, dict))).any()]
    frame = as_frame(table[plain].rename(columns={"id": "coco_id"}), "file_name", "category_id", path)
    return Annotations(frame, dict(zip(categories["id"], categories["name"].astype("str"), strict=True)), notes)


def read_table(
    path: Path,
    image_column: str | None = None,
    label_column: str | None = None,
    one_hot: Sequence[str] | None = None,
) -> Annotations:
    """Read a table.

    Args:
        path: ``.csv``, or ``.tsv`` with tabs.
        image_column: The column of the images; by default the first common name that is present.
        label_column: The column of the labels, likewise; a table without one is unlabelled.
        one_hot: Columns of which exactly one is 1 in each row; its name is the label. Empty: all columns but the
            image's.

    Returns:
        The list; other columns are kept as text.

    Raises:
        UserError: The file is missing or not a table, lacks a column, or a row has no class or several.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    table = read_csv(path)
    table = table.where(table != "")
    columns = list(table.columns)
    image = find_key(image_column, IMAGE_KEYS, columns, path, "--image-key")
    if one_hot is not None:
        return _read_one_hot(table, path, image, one_hot or [name for name in columns if name != image])
    labelled = label_column is not None or any(key in columns for key in LABEL_KEYS)
    label = find_key(label_column, LABEL_KEYS, columns, path, "--label-key") if labelled else None
    return Annotations(as_frame(table, image, label, path))


def _read_one_hot(table: pd.DataFrame, path: Path, image: str, classes: Sequence[str]) -> Annotations:
    if missing := [name for name in classes if name not in table.columns]:
        raise UserError(f"{path}: no column {missing[0]!r} (found: {', '.join(table.columns)}); change --one-hot")
    values = table[list(classes)].apply(pd.to_numeric, errors="coerce")
    invalid = ~values.isin([0, 1]).all(axis=1)
    if invalid.any():
        raise UserError(
            f"{path}: data row {invalid.to_numpy().argmax() + 1} has something else than 0 and 1 in the class columns "
            f"{', '.join(classes)}; name them with --one-hot"
        )
    counts = values.sum(axis=1)
    if (wrong := counts.ne(1)).any():
        row = wrong.to_numpy().argmax()
        raise UserError(
            f"{path}: data row {row + 1} has {int(counts.iloc[row])} classes ({int(wrong.sum())} rows in all have none "
            "or several); a list holds one label per image"
        )
    labelled = table.drop(columns=list(classes)).assign(**{"label": values.idxmax(axis=1)})
    frame = as_frame(labelled, image, "label", path)
    # The columns are in the order of the class indices of a submission.
    return Annotations(frame, {name: name for name in classes})
