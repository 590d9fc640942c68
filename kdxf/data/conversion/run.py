"""Conversion of a list from one form into another: read, number the classes, write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from kdxf.data.conversion.convert import Annotations, apply_pattern, map_classes, strip_pattern
from kdxf.data.conversion.forms import read_json, read_table
from kdxf.data.conversion.label_tree import read_label_tree
from kdxf.data.conversion.write import folder_plan, lost_by, make_folders, to_coco, to_data_list, to_json, to_lines
from kdxf.data.lists import check_result
from kdxf.data.split import read_class_folders
from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations, write_annotations
from kdxf.io.class_map import check_class_files, class_map_beside, read_class_map, write_class_files
from kdxf.io.class_names import names_of, order_ids, read_class_names
from kdxf_runtime.io.files import write_whole


@dataclass(frozen=True)
class Conversion:
    """The source and the target of a conversion: the options of ``tools/data/convert.py``.

    Attributes:
        source: The list or the folder.
        out: The new list; for ``folders`` a folder.
        to: One of :data:`~kdxf.data.options.FORMS`. ``mmpretrain`` is ``path label`` lines, or a ``data_list`` if
            ``out`` ends in .json.
        image_key: Key or column of the image.
        label_key: Key or column of the class.
        one_hot: The class columns of a table; empty for all.
        pattern: See :func:`kdxf.data.conversion.convert.apply_pattern`; for JSON, COCO and MMPretrain it
            is removed.
        class_names: File of names of the class ids.
        classes: File of a class map.
        label_tree: File of a label tree.
        copy: Whether to copy images into folders instead of linking them.
        root: The image root.
        dry_run: Whether to write nothing.
        overwrite: Whether to replace existing results.
        excel: Whether a person opens the CSV in Excel (:mod:`kdxf.io.csv_tables`).
    """

    source: Path
    out: Path
    to: str = "csv"
    image_key: str | None = None
    label_key: str | None = None
    one_hot: Sequence[str] | None = None
    pattern: str = "{image}"
    class_names: Path | None = None
    classes: Path | None = None
    label_tree: Path | None = None
    copy: bool = False
    root: Path | None = None
    dry_run: bool = False
    overwrite: bool = False
    excel: bool = False


@dataclass(frozen=True)
class Converted:
    """The result of a conversion.

    Attributes:
        frame: The list, labels as class names.
        classes: The class map; None for an unlabelled list.
        notes: What could not be converted, one line each.
    """

    frame: pd.DataFrame
    classes: pd.DataFrame | None
    notes: list[str]

    @property
    def summary(self) -> pd.DataFrame:
        """One row: ``images``, ``classes``, ``without_images`` (of the classes), ``columns``."""
        classes = 0 if self.classes is None else len(self.classes)
        empty = 0 if self.classes is None else int((self.classes["images"] == 0).sum())
        row = (len(self.frame), classes, empty, " ".join(map(str, self.frame.columns)))
        return pd.DataFrame([row], columns=["images", "classes", "without_images", "columns"])


def convert(job: Conversion) -> Converted:
    """Convert a list, and write the result unless it is a dry run.

    Raises:
        UserError: The source is of no known form, a class is unknown, or a result may not be written.
    """
    if job.label_tree is not None and job.to != "csv":
        raise UserError(f"--label-tree: adds columns to a CSV, and --to {job.to} is none; convert to csv first")
    if job.one_hot is not None and job.source.suffix.lower() not in (".csv", ".tsv"):
        raise UserError(f"--one-hot: is for tables (.csv, .tsv), and {job.source} is none")
    inputs = [path for path in (job.source, job.class_names, job.classes, job.label_tree) if path is not None]
    if job.to != "folders":
        check_result(job.out, [path for path in inputs if path.is_file()], job.overwrite)
    data = read_any(job)
    frame, notes = data.frame, list(data.notes)
    if "label" not in frame.columns:
        if job.to not in ("csv", "mmpretrain"):
            raise UserError(f"{job.source}: has no labels, and --to {job.to} needs them")
        result = Converted(apply_pattern(frame, job.pattern), None, notes)
        if not job.dry_run:
            _write_unlabelled(result.frame, job)
        return result
    if job.to == "csv":
        frame = apply_pattern(frame, job.pattern)
        if job.label_tree is not None:
            levels = read_label_tree(job.label_tree).columns(frame["label"], job.label_tree)
            frame = frame.drop(columns=[name for name in levels if name in frame.columns]).join(levels)
    data = replace(data, frame=frame)
    named, classes = map_classes(data, job.source, _given_names(job, data), _given_classes(job))
    result = Converted(named, classes, notes + lost_by(job.to, named))
    _write(result, classes, job, inputs)
    return result


def read_any(job: Conversion) -> Annotations:
    """Read a source of any known form.

    Raises:
        UserError: It is of no known form.
    """
    source, suffix = job.source, job.source.suffix.lower()
    if source.is_dir():
        data = read_class_folders(source, job.root or source)
        return Annotations(data.frame, {item: item for item in data.ids})
    if suffix == ".json":
        return read_json(source, job.image_key, job.label_key)
    if suffix in (".csv", ".tsv"):
        return read_table(source, job.image_key, job.label_key, job.one_hot)
    return Annotations(read_annotations(source), indexed=True)


def _given_names(job: Conversion, data: Annotations) -> dict[str, str] | None:
    if job.class_names is None:
        return None
    ids = order_ids({*data.frame["label"], *data.names})
    return dict(zip(ids, names_of(ids, read_class_names(job.class_names), job.class_names), strict=True))


def _given_classes(job: Conversion) -> pd.DataFrame | None:
    file = job.classes
    if file is None and job.to != "csv" and job.source.is_file():
        file = class_map_beside(job.source)
    return None if file is None else read_class_map(file)


def _write_unlabelled(frame: pd.DataFrame, job: Conversion) -> None:
    if job.to == "csv":
        write_annotations(frame, job.out, job.excel)
    else:
        write_whole("".join(f"{image}\n" for image in frame["image"]).encode(), job.out)


def _write(result: Converted, classes: pd.DataFrame, job: Conversion, inputs: list[Path]) -> None:
    if job.to == "folders":
        plan = folder_plan(result.frame, classes, job.root or job.source.parent, job.out)
        if (existing := [path for path in plan if path.exists()]) and not job.overwrite:
            raise UserError(f"{existing[0]}: is there already; choose another folder, or replace it with --overwrite")
        if not job.dry_run:
            make_folders(plan, job.copy)
        return
    # Lists of indices, and a new numbering, need the class map with them.
    with_map = job.classes is None and (job.to == "csv" or class_map_beside(job.source) is None)
    if with_map:
        check_class_files(job.out.parent, [path for path in inputs if path.is_file()], job.overwrite)
    if job.dry_run:
        return
    if job.to == "csv":
        write_annotations(result.frame, job.out, job.excel)
    else:
        ids = dict(zip(classes["name"], classes["id"], strict=True))
        by_id = result.frame.assign(label=result.frame["label"].map(ids))
        stripped = strip_pattern(by_id, job.pattern).assign(label=result.frame["label"])
        write_whole(_writer(job)(stripped, classes), job.out)
    if with_map:
        write_class_files(classes, job.out.parent, job.excel)


def _writer(job: Conversion) -> Callable[[pd.DataFrame, pd.DataFrame], bytes]:
    if job.to == "mmpretrain":
        return to_data_list if job.out.suffix.lower() == ".json" else to_lines
    return {"json": to_json, "coco": to_coco}[job.to]
