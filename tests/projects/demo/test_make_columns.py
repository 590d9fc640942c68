import pandas as pd
from make_columns import SHOPS, add_columns

LIST = pd.DataFrame({"image": [f"{n}.jpg" for n in range(400)], "label": ["milk", "bread"] * 200})


def test_columns_of_a_list():
    made = add_columns(LIST, 0)
    assert made.columns.tolist() == ["image", "label", "price", "shop", "organic", "sold_on"]
    assert made[["price", "shop", "organic", "sold_on"]].isna().mean().between(0.05, 0.16).all()
    prices = made["price"].astype(float).groupby(made["label"])
    assert (prices.std() / prices.mean()).between(0.2, 0.32).all()
    assert set(made["shop"].dropna()) <= set(SHOPS) and set(made["organic"].dropna()) == {"yes", "no"}
    assert pd.to_datetime(made["sold_on"]).dropna().between("2024-01-01", "2025-12-31").all()


def test_they_depend_on_names_and_seed_alone():
    made = add_columns(LIST, 0)
    pd.testing.assert_frame_equal(add_columns(LIST.iloc[7:], 0), made.iloc[7:])
    assert not add_columns(LIST, 1)["price"].equals(made["price"])
