"""A queue as tasks of Label Studio, and its annotations as decisions.

Tasks are in Label Studio's JSON format with predictions (https://labelstud.io/guide/predictions). A picture is named as
its local storage does: ``/data/local-files/?d=PATH``, with the image root as the document root.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pandas as pd

from kdxf.data.review.queue import Question, Queue
from kdxf.errors import UserError
from kdxf_runtime.io.files import write_json, write_whole
from kdxf_runtime.io.text_files import read_text

DROP = "(drop)"
"""The choice that takes a picture out of the list."""
_ASKED, _PICTURE = "class", "image"
_COLUMNS = ("image", "label", "suggested", "score", "reason", "decision")
_ADVICE = "export the project that the tasks of kdxf review were imported into, in the format JSON"


def write_tasks(queue: Queue, path: Path) -> Path:
    """Write the tasks, and beside them the labelling interface with a choice for each class and for :data:`DROP`.

    Args:
        queue: What to ask.
        path: The ``.json`` file.

    Returns:
        The ``.xml`` file of the labelling interface.

    Raises:
        UserError: A class is called as :data:`DROP`.
    """
    if DROP in queue.classes:
        raise UserError(f"{path}: a class is called {DROP!r}, which is the choice to drop a picture; rename the class")
    write_json([_task(question) for question in queue.questions], path)
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Image", name=_PICTURE, value="$image")
    for name in ("label", "reason", "text"):
        ElementTree.SubElement(view, "Text", name=name, value=f"${name}")
    ElementTree.SubElement(view, "Filter", toName=_ASKED)
    choices = ElementTree.SubElement(view, "Choices", name=_ASKED, toName=_PICTURE, choice="single", showInline="true")
    for name in (*queue.classes, DROP):
        ElementTree.SubElement(choices, "Choice", value=name)
    ElementTree.indent(view)
    interface = path.with_suffix(".xml")
    write_whole(ElementTree.tostring(view, encoding="utf-8") + b"\n", interface)
    return interface


def _task(question: Question) -> dict[str, Any]:
    name, score = question.guesses[0]
    result = {"from_name": _ASKED, "to_name": _PICTURE, "type": "choices", "value": {"choices": [name]}}
    return {
        "data": {
            "image": f"/data/local-files/?d={quote(question.image, errors='surrogateescape')}",
            "path": question.image,
            "label": question.label,
            "reason": question.reason,
            "text": question.text or "–",  # Label Studio refuses a task whose text is empty
        },
        "predictions": [{"model_version": "kdxf", "score": score, "result": [result]}],
    }


def read_annotations_as_decisions(path: Path) -> pd.DataFrame:
    """Read what people chose in Label Studio.

    Args:
        path: What it exports in the format ``JSON``. A task that was skipped, or has no choice, is undecided.

    Returns:
        The decisions, as in :mod:`kdxf.data.cleaning.decisions`: ``image``, ``label``, ``suggested`` (what was chosen),
        ``score`` (of the model, for it; else empty), ``reason``, ``decision``.

    Raises:
        UserError: It is no such file, people chose different classes for a picture, or nobody chose anything.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; {_ADVICE}")
    try:
        tasks = json.loads(read_text(path))
        rows = [_row(task, path) for task in tasks]
    except UserError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{path}: not an export of Label Studio with these tasks ({error!r}); {_ADVICE}") from error
    decided = [row for row in rows if row is not None]
    if not decided:
        raise UserError(f"{path}: none of its {len(rows)} tasks has an annotation; annotate some, or {_ADVICE}")
    return pd.DataFrame(decided, columns=list(_COLUMNS), dtype="str")


def _row(task: dict[str, Any], path: Path) -> tuple[str, ...] | None:
    data = task["data"]
    image, label = data["path"], data["label"]
    chosen = {choice for item in task["annotations"] if not item.get("was_cancelled") for choice in _choices(item)}
    if not all(isinstance(value, str) for value in (image, label, *chosen)):
        raise TypeError("path, label and choices must be texts")
    if len(chosen) > 1:
        raise UserError(f"{path}: people chose {' and '.join(sorted(chosen))} for {image}; settle it in Label Studio")
    if not chosen:
        return None
    name = chosen.pop()
    decision = "drop" if name == DROP else "keep" if name == label else "relabel"
    said = {choice: item["score"] for item in task.get("predictions", []) for choice in _choices(item)}
    return (
        image,
        label,
        label if decision == "drop" else name,
        str(said.get(name, "")),
        data.get("reason", ""),
        decision,
    )


def _choices(item: dict[str, Any]) -> list[str]:
    return [name for part in item["result"] if part["from_name"] == _ASKED for name in part["value"]["choices"]]
