"""What settings of ``kdxf tune`` gain on images that the search has not seen, image by image.

    kdxf tune CONFIG --space space.py --folds FOLDS --fold 0 1 --work-dir SEARCH --minutes 17 --seed 0
    python tools/recipes/kfold.py CONFIG --folds FOLDS --fold 2 3 4 --predict apart=val.csv --work-dir HAND --seed 0
    python tools/recipes/kfold.py SEARCH/best.py --folds FOLDS --fold 2 3 4 --predict apart=val.csv --work-dir BEST \
        --seed 0
    python benchmarks/tuned_settings.py HAND BEST --fold 2 3 4 --lists val apart

``val`` are the folds' own images, each predicted by one model; other lists are predicted by all, and the mean of their
accuracies counts. The interval is of 1000 paired bootstrap samples of the images.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.cli.command import run
from kdxf.errors import UserError
from kdxf.evaluation.score_files import bootstrap
from kdxf.io.predictions import read_predictions


def right(file: Path) -> pd.Series:
    """Return 100 for each image whose best class is its label, else 0."""
    predictions = read_predictions(file)
    if predictions.labels is None:
        raise UserError(f"{file}: has no labels")
    hits = 100.0 * (predictions.scores.argmax(axis=1) == predictions.labels)
    return pd.Series(hits, index=list(predictions.images))


def main() -> None:
    """Print accuracy and gain on each list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs=2, type=Path, metavar="WORK", help="folders of tools/recipes/kfold.py")
    parser.add_argument("--fold", nargs="+", required=True, metavar="K", help="numbers of the folds")
    parser.add_argument("--lists", nargs="+", default=["val"], metavar="NAME", help="names of the files of predictions")
    args = parser.parse_args()
    for name in args.lists:
        parts = [[right(folder / f"fold_{fold}" / f"{name}.parquet") for fold in args.fold] for folder in args.folders]
        hand, best = (pd.concat(found).groupby(level=0).mean() for found in parts)
        gains = (best - hand).to_numpy()
        low, high = bootstrap(lambda rows, gains=gains: np.array([gains[rows].mean()]), len(gains))
        each = ", ".join(f"{(after - before).mean():+.1f}" for before, after in zip(*parts, strict=True))
        print(
            f"{name}: {len(gains)} images, {hand.mean():.1f} and {best.mean():.1f}, gain {gains.mean():+.1f} "
            f"({low[0]:+.1f} to {high[0]:+.1f}); by fold {each}"
        )


if __name__ == "__main__":
    run(main)
