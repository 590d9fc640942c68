"""Show the figures of lists: as text, and as a page with charts and pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kdxf.data.sampling import ranks_in_class
from kdxf.data.statistics.collect import Figures
from kdxf.data.statistics.wording import IN_WORDS, SHARES, advice
from kdxf.io.charts import bar_chart, column_chart, histogram
from kdxf.io.pages import HTMLReport, Percent
from kdxf.io.pages.cells import format_number

# Rows of a table on the screen, and on the page before the rest is folded; classes with example pictures, pictures of
# each, classes in the chart of predictions, bars with names.
_LINES, _ROWS, _CLASSES, _PICTURES, _BARS, _NAMED = 10, 20, 24, 4, 30, 40


def format_figures(figures: Figures) -> str:
    """Format the tables as text; long ones by their first and last rows."""
    parts = []
    for title, table in figures.tables.items():
        if title == "classes":
            table = table.sort_values("images", ascending=False, kind="stable")
        if table.empty:
            parts.append(f"{title}: none")
            continue
        shown = pd.concat([table.head(_LINES // 2), table.tail(_LINES // 2)]) if len(table) > _LINES else table
        left = f" ({_LINES} of {len(table)} rows)" if len(shown) < len(table) else ""
        vertical = title == "lists"
        text = _by_figure(shown).to_string(index=False) if vertical else shown.to_string(index=False)
        parts.append(f"{title}{left}\n{text}")
    return "\n\n".join(parts)


def figures_report(figures: Figures, root: Path, seed: int = 0) -> HTMLReport:
    """Build the page.

    Args:
        figures: The figures.
        root: The image root.
        seed: Another seed shows other example pictures.
    """
    page = HTMLReport("Data set", picture_width=150)
    for sentence in advice(figures):
        page.summary(sentence)
    tables = figures.tables
    page.heading("Lists")
    _add_by_list(page, tables["lists"])
    if "compared with the first list" in tables:
        page.heading("Compared with the first list")
        _add_by_list(page, tables["compared with the first list"])
    _add_classes(page, figures, root, seed)
    if figures.pixels is not None:
        _add_sizes(page, figures.pixels, tables["image sizes"])
    if figures.characters is not None:
        _add_text(page, figures.characters, tables)
    if "predictions" in tables:
        _add_predictions(page, tables["predictions"])
    return page


def _add_by_list(page: HTMLReport, lists: pd.DataFrame) -> None:
    """Add a table with a column for each list: its figures are of many kinds, and few."""
    rows = [
        [
            IN_WORDS.get(name, name),
            *((value or "–") if isinstance(value, str) else format_number(value) for value in values),
        ]
        for name, *values in _by_figure(lists).itertuples(index=False)
    ]
    page.table(["", *lists["list"]], rows)


def _add_classes(page: HTMLReport, figures: Figures, root: Path, seed: int) -> None:
    page.heading("Images per class")
    ordered = figures.tables["classes"].sort_values("images", ascending=False, kind="stable")
    names, sizes = ordered["class"].tolist(), ordered["images"].tolist()
    if len(names) <= _NAMED:
        page.drawing(bar_chart(names, {"images": sizes}, "images"))
    else:
        page.drawing(column_chart(names, sizes, "classes, the largest first", "images"))
        with page.details("All classes"):
            _add_table(page, ordered)
    ordered = ordered[ordered["images"] > 0]
    half = _CLASSES // 2
    shown = ordered if len(ordered) <= _CLASSES else pd.concat([ordered.head(half), ordered.tail(half)])
    page.heading(
        "Examples" + (f" of the {half} largest and the {half} smallest classes" if len(shown) < len(ordered) else "")
    )
    drawn = ranks_in_class(figures.frame["image"], figures.labels, seed) < _PICTURES
    some = figures.frame[drawn]
    for name, images in zip(shown["class"], shown["images"], strict=True):
        page.subheading(f"{name}: {images:,} images")
        page.pictures((root / image, image.rsplit("/", 1)[-1]) for image in some.loc[some["label"] == name, "image"])


def _add_sizes(page: HTMLReport, pixels: np.ndarray, table: pd.DataFrame) -> None:
    page.heading("Image sizes")
    readable = pixels[pixels.min(axis=1) > 0]
    if unreadable := len(pixels) - len(readable):
        page.warning(f"{unreadable:,} images have no readable header; tools/data/verify.py says why.")
    if len(readable):
        page.drawing(histogram(readable.max(axis=1), "longer edge in pixels", log_scale=True))
        page.drawing(histogram(readable[:, 0] / readable[:, 1], "width / height", log_scale=True))
        _add_table(page, table)


def _add_text(page: HTMLReport, characters: np.ndarray, tables: dict[str, pd.DataFrame]) -> None:
    page.heading("Text")
    has = characters > 0
    page.text(f"{int(has.sum()):,} of {len(has):,} images have text.")
    page.drawing(histogram(characters[has], "characters in images that have text", log_scale=True))
    page.text(
        "Distinctive words are more frequent in the class than elsewhere (log-odds with a prior; Monroe et al. 2008)."
    )
    _add_table(page, tables["text per class"])
    page.heading("Classes with alike text")
    alike = tables["classes with alike text"]
    if alike.empty:
        page.text("No two classes share words of their own.")
    else:
        page.text("The nearer to 1, the less their text tells two classes apart.")
        _add_table(page, alike)


def _add_predictions(page: HTMLReport, table: pd.DataFrame) -> None:
    page.heading("Predicted classes against the training list")
    top = table.head(_BARS).sort_values("trained_share", ascending=False, kind="stable")
    page.text(f"The {len(top)} classes that differ most.")
    shares = {"training list": top["trained_share"] * 100, "predicted": top["predicted_share"] * 100}
    page.drawing(
        bar_chart(top["class"].tolist(), {name: values.tolist() for name, values in shares.items()}, "% of images")
    )
    _add_table(page, table)


def _by_figure(lists: pd.DataFrame) -> pd.DataFrame:
    """Transpose to one column per list; numbers keep their type."""
    turned = lists.set_index("list").astype("object").T
    return turned.rename_axis(index="figure", columns=None).reset_index()


def _add_table(page: HTMLReport, table: pd.DataFrame) -> None:
    columns = [IN_WORDS.get(name, name) for name in table.columns]
    shares = [name in SHARES for name in table.columns]
    rows = [_shown(row, shares) for row in table.astype("object").itertuples(index=False)]
    page.table(columns, rows, sortable=len(rows) > 1, fold_after=_ROWS)


def _shown(row: Sequence[Any], shares: Sequence[bool]) -> list[Any]:
    return [Percent(value * 100) if share else value for value, share in zip(row, shares, strict=True)]
