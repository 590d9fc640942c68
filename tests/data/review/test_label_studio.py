import json
from xml.etree import ElementTree

import pytest

from kdxf.data.review.label_studio import DROP, read_annotations_as_decisions, write_tasks
from kdxf.data.review.queue import make_queue
from kdxf.errors import UserError

CLASSES = ("milk", "oat & plain", "soy")
SCORES = [[0.9, 0.1, 0.0], [0.5, 0.3, 0.2], [0.1, 0.75, 0.15]]


@pytest.fixture
def tasks(write, tmp_path):
    file = write("p", SCORES, labels=[1, 0, 0], seen=[False] * 3, classes=CLASSES)
    interface = write_tasks(make_queue(file), tmp_path / "tasks.json")
    assert interface == tmp_path / "tasks.xml"
    return json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))


def annotated(tasks, tmp_path, *chosen):
    """Write an export in which each task has these annotations: a choice, '' for none, None for a skipped one."""
    for number, (task, names) in enumerate(zip(tasks, chosen, strict=True)):
        task["id"] = number
        task["annotations"] = [
            {
                "was_cancelled": name is None,
                "result": [
                    {"from_name": "note", "to_name": "image", "type": "textarea", "value": {"text": ["unsure"]}},
                    *(
                        [{"from_name": "class", "to_name": "image", "type": "choices", "value": {"choices": [name]}}]
                        if name
                        else []
                    ),
                ],
            }
            for name in names
        ]
    (tmp_path / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
    return tmp_path / "export.json"


def test_tasks_name_the_picture_the_label_and_what_the_model_says(tasks):
    assert [task["data"]["path"] for task in tasks] == ["0.jpg", "2.jpg", "1.jpg"]  # 0.1, 0.1, 0.5
    assert tasks[0]["data"] == {
        "image": "/data/local-files/?d=0.jpg",
        "path": "0.jpg",
        "label": "oat & plain",
        "reason": "model says milk (0.90), label says oat & plain",
        "text": "–",
    }
    result = {"from_name": "class", "to_name": "image", "type": "choices", "value": {"choices": ["milk"]}}
    assert tasks[0]["predictions"] == [{"model_version": "kdxf", "score": 0.9, "result": [result]}]


def test_the_interface_has_the_names_that_the_tasks_use(tasks, tmp_path):
    view = ElementTree.parse(tmp_path / "tasks.xml").getroot()
    assert [choice.get("value") for choice in view.iter("Choice")] == [*CLASSES, DROP]
    result = tasks[0]["predictions"][0]["result"][0]
    assert view.find("Choices").get("name") == result["from_name"]
    assert view.find("Choices").get("toName") == view.find("Image").get("name") == result["to_name"]
    shown = {item.get("value").removeprefix("$") for item in view if item.get("value")}
    assert shown == set(tasks[0]["data"]) - {"path"}


def test_annotations_are_decisions(tasks, tmp_path):
    found = read_annotations_as_decisions(annotated(tasks, tmp_path, ["milk"], [DROP], ["milk", "milk", None]))
    assert found.to_numpy().tolist() == [
        ["0.jpg", "oat & plain", "milk", "0.9", "model says milk (0.90), label says oat & plain", "relabel"],
        ["2.jpg", "milk", "milk", "", "model says oat & plain (0.75), label says milk", "drop"],
        ["1.jpg", "milk", "milk", "0.5", "model says milk (0.50), label says milk", "keep"],
    ]


def test_what_was_skipped_or_left_empty_is_undecided(tasks, tmp_path):
    found = read_annotations_as_decisions(annotated(tasks, tmp_path, [None], [""], ["soy"]))
    assert found[["image", "suggested", "score", "decision"]].to_numpy().tolist() == [["1.jpg", "soy", "", "relabel"]]
    for task in tasks:
        for item in task["annotations"]:
            item["was_cancelled"] = True
    (tmp_path / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
    with pytest.raises(
        UserError, match=r"export.json: none of its 3 tasks has an annotation; annotate some, or export"
    ):
        read_annotations_as_decisions(tmp_path / "export.json")


def test_people_who_disagree_are_said(tasks, tmp_path):
    path = annotated(tasks, tmp_path, ["milk", "soy"], [], [])
    with pytest.raises(
        UserError, match=r"export.json: people chose milk and soy for 0.jpg; settle it in Label Studio$"
    ):
        read_annotations_as_decisions(path)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "3",
        '{"a": 1}',
        "[3]",
        '[{"data": {}}]',
        '[{"data": {"path": 3, "label": "b"}, "annotations": []}]',
        "[" * 100_000,
        '[{"data": {"path": "a", "label": "b"}}]',
        '[{"image": "a", "class": "b"}]',
    ],
)
def test_other_files_are_said(tmp_path, text):
    (tmp_path / "export.json").write_text(text)
    with pytest.raises(
        UserError, match=r"export.json: not an export of Label Studio with these tasks \(.*\); export the"
    ):
        read_annotations_as_decisions(tmp_path / "export.json")
    with pytest.raises(
        UserError, match=r"none.json: no such file; export the project that the tasks of kdxf review wer"
    ):
        read_annotations_as_decisions(tmp_path / "none.json")


def test_a_class_called_as_the_choice_to_drop_is_said(write, tmp_path):
    queue = make_queue(write("p", SCORES, classes=("milk", DROP, "soy")))
    with pytest.raises(
        UserError, match=r"tasks.json: a class is called '\(drop\)', which is the choice to drop a pict"
    ):
        write_tasks(queue, tmp_path / "tasks.json")
