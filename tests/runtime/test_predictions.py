import io
from dataclasses import replace

import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf_runtime.categories import Categories
from kdxf_runtime.predictions import Columns, Prediction, PredictionWriter
from kdxf_runtime.trust.back_off import BackOff
from kdxf_runtime.trust.selective import Accepted

CATEGORIES = Categories((10, 2, 7), ("手机", "奶粉, 罐装", "口红"))


def prediction(scores, error=None):
    scores = np.array(scores, np.float32)
    best = int(scores.argmax())
    return Prediction("图 1.jpg", CATEGORIES.ids[best], CATEGORIES.name(best), float(scores[best]), scores, error)


def written(columns, *predictions):
    file = io.StringIO()
    writer = PredictionWriter(file, CATEGORIES, columns)
    for row in predictions:
        writer.add(row)
    return file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("columns", "header", "row"),
    [
        (Columns(), "image_id,category_id,error", "图 1.jpg,2,"),
        (Columns(with_name=True), "image_id,category_id,category_name,error", '图 1.jpg,2,"奶粉, 罐装",'),
        (Columns(with_score=True), "image_id,category_id,score,error", "图 1.jpg,2,0.500000,"),
        (Columns(topk=2), "image_id,category_id,top2_id,error", "图 1.jpg,2,7,"),
        (
            Columns(topk=2, with_name=True, with_score=True),
            "image_id,category_id,category_name,score,top2_id,top2_name,top2_score,error",
            '图 1.jpg,2,"奶粉, 罐装",0.500000,7,口红,0.300000,',
        ),
        (Columns(per_class=True), 'image_id,手机,"奶粉, 罐装",口红,error', "图 1.jpg,0.200000,0.500000,0.300000,"),
    ],
)
def test_columns(columns, header, row):
    assert written(columns, prediction([0.2, 0.5, 0.3])) == [header, row]


def test_error_stands_last():
    assert written(Columns(), prediction([1, 0, 0], "the file is empty"))[1] == "图 1.jpg,10,the file is empty"


def test_equal_scores_rank_in_class_order():
    assert written(Columns(topk=3), prediction([0.4, 0.2, 0.4]))[1] == "图 1.jpg,10,7,2,"


def test_several_labels_or_none():
    columns = Columns(topk=2, with_name=True, with_score=True)
    rows = written(
        columns,
        replace(prediction([0.6, 0.8, 0.2]), labels=(0, 1)),
        replace(prediction([0.1, 0.4, 0.2], "the file is empty"), labels=()),
    )
    assert rows[1:] == [
        '图 1.jpg,10|2,"手机|奶粉, 罐装",0.600000|0.800000,10,手机,0.600000,',
        "图 1.jpg,,,,7,口红,0.200000,the file is empty",
    ]
    assert written(Columns(), replace(prediction([0.6, 0.8, 0.2]), labels=(1,)))[1] == "图 1.jpg,2,"


@pytest.mark.parametrize("topk", [0, 4])
def test_topk_must_fit(topk):
    with pytest.raises(UserError, match=rf"^--topk {topk}: the model has 3 classes; give 1 to 3$"):
        Columns(topk=topk).check(CATEGORIES)
    Columns(topk=3, with_name=True, per_class=True).check(CATEGORIES)


@pytest.mark.parametrize(
    ("columns", "option"), [({"with_name": True}, "--with-name"), ({"per_class": True}, "--per-class")]
)
def test_names_must_be_known(columns, option):
    message = f"^{option}: neither checkpoint nor config names the classes; name them with --class-names$"
    with pytest.raises(UserError, match=message):
        Columns(**columns).check(Categories.unnamed(3))
    Columns(with_score=True).check(Categories.unnamed(3))


SURE = replace(prediction([0.2, 0.5, 0.3]), likely=(1, 2), unlike=False)


@pytest.mark.parametrize(
    ("columns", "header", "row"),
    [
        (Columns(with_set=True), "image_id,category_id,set,error", "图 1.jpg,2,2|7,"),
        (
            Columns(with_set=True, with_name=True, threshold=0.4),
            "image_id,category_id,category_name,set,set_names,decision,reason,error",
            '图 1.jpg,2,"奶粉, 罐装",2|7,"奶粉, 罐装|口红",accept,,',
        ),
        (
            Columns(per_class=True, threshold=0.6),
            'image_id,手机,"奶粉, 罐装",口红,decision,reason,error',
            "图 1.jpg,0.200000,0.500000,0.300000,review,score below 0.600,",
        ),
    ],
)
def test_sets_and_decisions(columns, header, row):
    assert written(columns, SURE) == [header, row]


def test_decisions():
    assert SURE.decide(0.5) == ("accept", "")
    assert SURE.decide(0.51) == ("review", "score below 0.510")
    assert replace(SURE, error="the file is empty").decide(0) == ("review", "cannot be read")
    strange = replace(SURE, unlike=True)
    assert strange.decide(0.1) == ("review", "maybe none of the classes")
    assert strange.decide(-0.5) == ("accept", "")  # so small a budget is for those that are doubtful as well
    assert strange.decide(-0.4) == ("review", "maybe none of the classes")


def test_an_empty_set():
    assert written(Columns(with_set=True), replace(SURE, likely=()))[1] == "图 1.jpg,2,,"


@pytest.mark.parametrize(
    ("text", "decision"),
    [("given", "accept,"), ("read", "review,score below 0.600"), ("not read", "review,score below 0.600")],
)
def test_what_became_of_the_text(text, decision):
    columns = Columns(threshold=0.5, routed_threshold=0.6, with_text=True)
    found = written(columns, replace(prediction([0.2, 0.55, 0.25]), text=text))
    assert found == ["image_id,category_id,decision,reason,text,error", f"图 1.jpg,2,{decision},{text},"]


def answered(threshold, parent_threshold):
    leaf, parent = (Accepted(value, 0.5, 1.0, 0.5, 1.0, 5) for value in (threshold, parent_threshold))
    return BackOff(leaf, parent, ("milk, any", "juice"), np.array([1, 0, 0]))


@pytest.mark.parametrize(
    ("back_off", "change", "row"),
    [
        (answered(0.5, 0.8), {}, '图 1.jpg,2,accept,,,'),
        (answered(0.6, 0.8), {}, '图 1.jpg,2,parent,score below 0.600,"milk, any",'),
        (answered(0.6, 0.81), {}, '图 1.jpg,2,review,score below 0.600,,'),
        (answered(0.6, 0.8), {"unlike": True}, '图 1.jpg,2,review,maybe none of the classes,,'),
        (answered(0.6, -0.2), {"unlike": True}, '图 1.jpg,2,parent,maybe none of the classes,"milk, any",'),
        (answered(0.6, 0.8), {"error": "is empty"}, '图 1.jpg,2,review,cannot be read,,is empty'),
    ],
)  # fmt: skip
def test_the_parent_answers(back_off, change, row):
    columns = Columns(threshold=back_off.threshold, back_off=True, parents=back_off)
    found = written(columns, replace(prediction([0.2, 0.5, 0.3]), **change))
    assert found == ["image_id,category_id,decision,reason,parent,error", row]


def test_the_parent_answers_as_the_text_was_read():
    columns = Columns(threshold=0.6, routed_threshold=0.6, with_text=True, back_off=True)
    columns = replace(columns, parents=answered(0.6, 0.9), routed_parents=answered(0.6, 0.8))
    rows = [written(columns, replace(prediction([0.2, 0.5, 0.3]), text=text))[1] for text in ("given", "not read")]
    assert rows == [
        "图 1.jpg,2,review,score below 0.600,,given,",
        '图 1.jpg,2,parent,score below 0.600,"milk, any",not read,',
    ]
