"""What turned pictures cost a classifier, how many are found, and whether turning them back beats training on all four.

    python tools/data/turn.py data/grocery/train.csv --root data/grocery/images \\
        --out data/grocery_turned/images --out-list data/grocery_turned/train.csv
    python tools/data/turn.py data/grocery/val.csv --root data/grocery/images --overwrite \\
        --out data/grocery_turned/images --out-list data/grocery_turned/val.csv
    python tools/features.py configs/grocery/image_lite2_orientation.py
    python tools/train.py configs/grocery/image_lite2_orientation.py
    python tools/data/turn.py data/grocery/val.csv --root data/grocery/images --seed 0 \\
        --out /tmp/drawn/images --out-list /tmp/drawn/val.csv
    python tools/ocr.py /tmp/drawn/val.csv --root /tmp/drawn/images --out /tmp/drawn/ocr \\
        --engine-options rotations=0,90,180,270
    python tools/orient.py configs/grocery/image_lite2_orientation.py CHECKPOINT /tmp/drawn/ocr \\
        --root /tmp/drawn/images --out /tmp/drawn/ocr_oriented --min-score 0.5
    python benchmarks/upright.py train.csv /tmp/drawn/val.csv /tmp/drawn/ocr /tmp/drawn/ocr_oriented

Each validation picture lies in one of four directions, drawn at random. For each table: how many directions are right,
of pictures with text and without. A picture has text here if the table is sure of its angle, and packages are shown
apart. Then the top-1 of logistic regression on the 81 classes by the frozen features of the orientation config, trained
on upright pictures, or on all four copies of each ("four rotations", the plainest remedy): on upright pictures, on the
turned ones, and on those turned back by each table. Differences are paired, with their standard error. The results are
in docs/text.md.
"""

import argparse
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from kdxf.engine.config import building, load_config
from kdxf.io.annotations import read_annotations
from kdxf.registry import DATASETS
from kdxf.text.ocr import OCRTable
from kdxf_runtime.ocr.quarter_turns import ROTATIONS
from kdxf_runtime.ocr.record import SURE_ANGLE

CONFIG = "configs/grocery/image_lite2_orientation.py"
ROOT = Path("data/grocery_turned")
PENALTY = 10.0


class Copies:
    """The copies of a list of data/grocery_turned.

    Attributes:
        classes: The class of each picture, by its name.
    """

    def __init__(self, name: str) -> None:
        cfg = load_config(CONFIG)
        with building(cfg):
            self._dataset: Any = DATASETS.build({**cfg.val_dataloader.dataset, "ann_file": name})
        frame = read_annotations(ROOT / name)
        keys = zip(frame["turned_of"], frame["label"].astype(int), strict=True)
        self._rows = {key: row for row, key in enumerate(keys)}
        self.classes: pd.Series = frame.drop_duplicates("turned_of").set_index("turned_of")["picture_label"]

    @cache  # noqa: B019  (there are two lists)
    def feature(self, picture: str, turn: int) -> np.ndarray:
        """Return the feature (C,) of the copy of a picture that still needs a turn; of unit length."""
        feature = self._dataset[self._rows[picture, turn]]["inputs"]["img"].numpy().ravel()
        return np.asarray(feature / np.linalg.norm(feature))


def difference(first: np.ndarray, second: np.ndarray) -> str:
    """Describe how much more of the same pictures the first gets right."""
    gain = first.astype(float) - second
    return f"{100 * gain.mean():+.1f} +- {100 * gain.std(ddof=1) / len(gain) ** 0.5:.1f}"


def directions(name: str, table: OCRTable, frame: pd.DataFrame) -> np.ndarray:
    """Print how many directions a table finds, and return the turn that each picture still needs, (n,)."""
    records = [table.record(row) for row in table.rows_of(list(frame["image"])).tolist()]
    truth, package = frame["label"].astype(int).to_numpy(), frame["package"].astype(int).to_numpy() == 1
    turn = np.array([record.turn for record in records])
    sure = np.array([record.angle is not None and record.angle_score >= SURE_ANGLE for record in records])
    best = np.array([record.angle or 0 for record in records]) == truth
    read = np.array([bool(record.texts) for record in records])
    print(f"\n{name}: {len(frame)} pictures, text read in {read.sum()}")
    for group, chosen in (("packages", package), ("others", ~package), ("all", package | True)):
        right = (turn == truth)[chosen]
        made_wrong = ((turn != truth) & (truth == 0))[chosen]
        print(
            f"  {group:9} {chosen.sum():4}  best guess right {100 * best[chosen].mean():5.1f}  sure of "
            f"{100 * sure[chosen].mean():5.1f}, of these right {100 * best[chosen & sure].mean():5.1f}  upright "
            f"afterwards {100 * right.mean():5.1f} (before {100 * (truth == 0)[chosen].mean():.1f}); turned wrongly "
            f"{made_wrong.sum()}"
        )
    return (truth - turn) % 360


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", help="list of copies in data/grocery_turned")
    parser.add_argument("drawn", type=Path, help="list of tools/data/turn.py --seed")
    parser.add_argument("ocr", type=Path, nargs="+", help="OCR tables of its pictures")
    args = parser.parse_args()
    frame = read_annotations(args.drawn)
    left = {table.name: directions(str(table), OCRTable.open(table), frame) for table in args.ocr}
    states = {"upright": np.zeros(len(frame), int), "turned": frame["label"].astype(int).to_numpy()}
    states |= {f"turned back by {name}": turn for name, turn in left.items()}
    train, val = Copies(args.train), Copies("val.csv")
    labels, package = frame["picture_label"].to_numpy(), frame["package"].astype(int).to_numpy() == 1
    rows: dict[tuple[str, str], np.ndarray] = {}
    for trained, turns in (("upright", [0]), ("four rotations", list(ROTATIONS))):
        inputs = np.stack([train.feature(name, turn) for name in train.classes.index for turn in turns])
        targets = np.repeat(train.classes.to_numpy(), len(turns))
        model = LogisticRegression(C=PENALTY, max_iter=300).fit(inputs, targets)
        for state, turn in states.items():
            pairs = zip(frame["turned_of"], turn.tolist(), strict=True)
            shown = np.stack([val.feature(name, degrees) for name, degrees in pairs])
            rows[trained, state] = np.asarray(model.predict(shown) == labels)
    print(
        f"\n{'trained on':16}{'tested on':32}{'all':>7}{'packages':>10}{'others':>8}   against four rotations, turned"
    )
    for (trained, state), right in rows.items():
        figures = [100 * right.mean(), 100 * right[package].mean(), 100 * right[~package].mean()]
        print(
            f"{trained:16}{state:32}{figures[0]:7.1f}{figures[1]:10.1f}{figures[2]:8.1f}   "
            f"{difference(right, rows['four rotations', 'turned'])}"
        )


if __name__ == "__main__":
    main()
