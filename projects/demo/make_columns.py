"""Draw columns of a table for lists of labelled images: ``python projects/demo/make_columns.py LIST ... --out FOLDER``.

No list of photographs at hand has a price or a shop, so these are drawn: honest enough to show whether a model uses
them, and not more than that. Every class has a usual price, shops that sell it more than others, and a share that is
organic; the date tells nothing. A cell of each column is empty with probability 0.1.

==========  ==========================================================================================================
column      of an image
==========  ==========================================================================================================
price       log-normal around the class's price (spread 0.25), which is log-normal between classes (spread 0.7)
shop        one of eight shops by the class's shares, drawn from a Dirichlet distribution with parameter 0.7
organic     yes or no by the class's share, drawn from a Beta distribution with parameters 0.5, 0.5
sold_on     a day of 2024 or 2025, any as likely as any other
==========  ==========================================================================================================

What a class is like depends on its name and the seed alone, so that lists of one data set fit each other. The lists are
written under their names into FOLDER, with all columns that they had.
"""

import argparse
import datetime
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.cli.command import run
from kdxf.io.annotations import read_annotations, write_annotations

SHOPS = ("Axet", "Boden", "Ceder", "Dalen", "Eken", "Fyren", "Granen", "Hallen")
_MISSING = 0.1
_FIRST_DAY, _DAYS = datetime.date(2024, 1, 1), 731


def add_columns(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return a labelled list with the four columns.

    Args:
        frame: A list with ``image`` and ``label``.
        seed: Other seeds give other classes and other cells.
    """
    rows = [_row(image, label, seed) for image, label in zip(frame["image"], frame["label"], strict=True)]
    return frame.assign(**pd.DataFrame(rows, index=frame.index))


def _row(image: str, label: str, seed: int) -> dict[str, str | None]:
    kind, one = (np.random.default_rng([seed, zlib.crc32(name.encode())]) for name in (label, image))
    usual, shares, organic = kind.normal(np.log(3), 0.7), kind.dirichlet([0.7] * len(SHOPS)), kind.beta(0.5, 0.5)
    day = _FIRST_DAY + datetime.timedelta(days=int(one.integers(_DAYS)))
    row = {
        "price": f"{np.exp(one.normal(usual, 0.25)):.2f}",
        "shop": SHOPS[one.choice(len(SHOPS), p=shares)],
        "organic": "yes" if one.random() < organic else "no",
        "sold_on": day.isoformat(),
    }
    return {name: None if one.random() < _MISSING else cell for name, cell in row.items()}


def main() -> None:
    """Write the lists."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lists", nargs="+", type=Path, metavar="LIST", help="labelled lists of one data set")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder of the new lists")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other columns (default: 0)")
    args = parser.parse_args()
    for path in args.lists:
        target = args.out / path.name
        write_annotations(add_columns(read_annotations(path), args.seed), target)
        print(target)


if __name__ == "__main__":
    run(main)
