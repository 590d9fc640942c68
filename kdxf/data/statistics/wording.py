"""The figures of lists in words that a person uses, and what to do about them."""

from collections.abc import Mapping

from kdxf.data.statistics.collect import Figures
from kdxf.data.statistics.figures import FEW, MANY

IN_WORDS: Mapping[str, str] = {
    "without_images": "classes without images",
    "smallest": "images of the smallest class",
    "median": "images of the median class",
    "largest": "images of the largest class",
    "imbalance_ratio": "largest class / smallest class",
    "gini": "unevenness of the classes (Gini; 0: all equal)",
    "few_below_20": f"classes with fewer than {FEW} images",
    "medium_20_to_100": f"classes with {FEW} to {MANY} images",
    "many_above_100": f"classes with more than {MANY} images",
    "half_of_images_in": "largest classes that hold half of all images",
    "also_in_first": "images that are in the first list, too",
    "example": "one of them",
    "other_label": "of them with another label there",
    "classes_missing": "classes of the first list that it lacks",
    "classes_new": "classes that only it has",
    "distance": "difference of the class shares (0: none, 1: no class in common)",
    "with_text": "images with text, %",
    "characters": "characters (median)",
    "words": "distinctive words, with their images",
    "other": "and class",
    "cosine": "likeness of the text (0 to 1)",
    "trained": "images in training",
    "predicted": "predictions",
    "trained_share": "share in training, %",
    "predicted_share": "share of the predictions, %",
    "difference": "difference, points",
}
"""Column of a table to what it says; other columns are words already."""

SHARES = ("with_text", "trained_share", "predicted_share", "difference")
"""Columns of shares, which are shown in percent."""

# A class is predicted too often or too seldom if its share differs by so much.
_SHIFT = 0.05


def advice(figures: Figures) -> list[str]:
    """Say in a few sentences what was found and what to do about it, the most pressing first."""
    tail = figures.tables["lists"].iloc[0]
    found = [*_overlaps(figures), *_unreadable(figures), *_small_classes(figures), *_predictions(figures)]
    least, most = tail["smallest"], tail["largest"]
    sizes = f"{least:,} each" if least == most else f"{least:,} to {most:,} each"
    head = f"{tail['images']:,} images in {tail['classes'] - tail['without_images']:,} classes, {sizes}"
    if figures.characters is not None:
        head += f"; {(figures.characters > 0).mean() * 100:.0f} % of the images have text"
    return [f"{head}.", *(found or ["Nothing here stands in the way of training."])]


def _overlaps(figures: Figures) -> list[str]:
    others = figures.tables.get("compared with the first list")
    said = []
    for row in [] if others is None else others.to_dict("records"):
        name = row["list"]
        if count := row["also_in_first"]:
            said.append(
                f"{count:,} of {row['images']:,} images of {name} are in the first list, too, so that scores on it are "
                "too good: take them out of one of the two."
            )
        if count := row["classes_missing"]:
            said.append(f"{name} lacks {count:,} classes of the first list: it cannot score them.")
        if count := row["classes_new"]:
            said.append(
                f"{name} has {count:,} classes without a training image, which no model can learn: add images of them, "
                "or take the classes out."
            )
    return said


def _unreadable(figures: Figures) -> list[str]:
    count = 0 if figures.pixels is None else int((figures.pixels.min(axis=1) == 0).sum())
    return [f"{count:,} images cannot be read: tools/data/verify.py says why and leaves them out."] if count else []


def _small_classes(figures: Figures) -> list[str]:
    tail = figures.tables["lists"].iloc[0]
    if not tail["few_below_20"]:
        return []
    return [
        f"{tail['few_below_20']:,} classes have fewer than {FEW} images: collect more of them, or lift them with "
        "tools/data/cutmix.py or tools/data/balance.py."
    ]


def _predictions(figures: Figures) -> list[str]:
    if "predictions" not in figures.tables:
        return []
    table = figures.tables["predictions"]
    shifted = table[table["difference"].abs() >= _SHIFT]
    if shifted.empty:
        return []
    worst = shifted.iloc[0]
    more = "more" if worst["difference"] > 0 else "less"
    return [
        f"{worst['class']} makes up {worst['predicted_share'] * 100:.1f} % of the predictions, {more} than its "
        f"{worst['trained_share'] * 100:.1f} % in training: look at its pictures, or is the new data another mixture?"
    ]
