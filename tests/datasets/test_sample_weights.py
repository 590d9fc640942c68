"""The column ``weight``."""

import numpy as np
import pandas as pd
import pytest

from kdxf.datasets.sample_weights import read_weights
from kdxf.errors import UserError


def test_numbers():
    found = read_weights(pd.Series([1, 0, 2]), "list.csv")
    assert found.dtype == np.float32 and found.tolist() == [1, 0, 2]
    assert read_weights(pd.Series(["0.5", " 3"]), "list.csv").tolist() == [0.5, 3]


@pytest.mark.parametrize(
    ("entry", "found"), [(-0.5, "'-0.5'"), ("heavy", "'heavy'"), (np.inf, "'inf'"), (None, "nothing"), ("", "''")]
)
def test_faults_are_named(entry, found):
    with pytest.raises(UserError, match=f"^list.csv: data row 8 has {found} as its weight; give a number >= 0$"):
        read_weights(pd.Series([1.0, entry], index=[3, 7]), "list.csv")
