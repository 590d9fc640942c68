import numpy as np
import pytest

from kdxf.data.table.fit import fit_columns, guess_kind, read_columns
from kdxf.errors import UserError
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.table_columns import BooleanColumn, CategoryColumn, DateColumn, NumberColumn

CSV = """image,label,price,shop,code,on,new,empty
1.jpg,x,1,a,007,2024-01-01,yes,
2.jpg,x,2.50,a,008,2024-01-03,no,
3.jpg,y,4,b,007,,yes,
4.jpg,y,,,007,2024-01-02,,
"""


@pytest.fixture
def listed(tmp_path):
    (tmp_path / "train.csv").write_text(CSV)
    return tmp_path / "train.csv"


def test_kinds_are_guessed_and_fitted(listed):
    fitted = fit_columns(listed, ["price", "shop", "code", "on", "new"], bins=2)
    price, shop, code, on, new = fitted.columns
    assert price == NumberColumn("price", (1.0, 2.5, 4.0), 2.5, pytest.approx(np.std([1, 2.5, 4])))
    assert shop == CategoryColumn("shop", ("a",))  # b occurs once
    assert code == CategoryColumn("code", ("007",))
    assert on == DateColumn("on", 738_887.0, pytest.approx(np.std([0, 1, 2]))) and new == BooleanColumn("new")
    assert fitted.source == {"list": "train.csv", "sha256": file_digest(listed), "rows": 4}


def test_options(listed):
    (price,) = fit_columns(listed, ["price"], scaling="standard").columns
    assert price.edges == () and price.mean == 2.5
    (shop,) = fit_columns(listed, ["shop"], min_count=1).columns
    assert shop.values == ("a", "b")
    (price,) = fit_columns(listed, ["price"], {"price": "category"}, min_count=1).columns
    assert price.values == ("1", "2.50", "4")


def test_a_column_with_one_number_is_scaled_as_it_is(tmp_path):
    (tmp_path / "t.csv").write_text("image,price\na,3\nb,3\n")
    (price,) = fit_columns(tmp_path / "t.csv", ["price"]).columns
    assert price == NumberColumn("price", (), 3.0, 1.0)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "0"], "boolean"),
        (["1", "2"], "number"),
        (["007"], "category"),
        (["2024-01-01"], "date"),
        (["x"], "category"),
    ],
)
def test_guesses(values, kind):
    assert guess_kind(values) == kind


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["prize"], {}, r"has no column 'prize' \(found: image, label, price, .*correct the name"),
        (["price", "price"], {}, "the column 'price' is named twice"),
        (["label"], {}, "the column 'label' is no feature"),
        (["empty"], {}, "the column 'empty' is empty; leave it out"),
        (["shop"], {"kinds": {"shop": "number"}}, "the column 'shop' has 'a', which is no number"),
        (["shop"], {"kinds": {"shop": "colour"}}, "--kind shop=colour: give one of number, category, date, boolean"),
        (["shop"], {"kinds": {"on": "date"}}, "--kind on=date: 'on' is not among the columns shop"),
        (["shop"], {"scaling": "log"}, "--scaling log: give quantile or standard"),
    ],
)
def test_what_cannot_be_fitted(listed, names, options, message):
    with pytest.raises(UserError, match=message):
        fit_columns(listed, names, **options)


def test_cells_stay_as_written(listed):
    assert read_columns(listed, ["price", "code"]).to_numpy().tolist() == [
        ["1", "007"], ["2.50", "008"], ["4", "007"], [None, "007"]
    ]  # fmt: skip
