"""Show the figures of lists: as text, and as a page with charts (SVG) and pictures."""

import io
import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from kdxf.data.sampling import ranks_in_class
from kdxf.data.statistics.collect import Figures
from kdxf.io.pages import HTMLReport

_BARS_WITH_NAMES = 40
# The ratio of the largest to the smallest value from which an axis is logarithmic.
_WIDE = 8
_BLUE, _ORANGE = "#4477aa", "#ee7733"


def class_chart(sizes: Sequence[int], names: Sequence[str]) -> str:
    """Draw the images per class, the largest first; with names if they fit.

    Args:
        sizes: Images per class, (K,).
        names: The K class names.
    """
    order = np.argsort(-np.asarray(sizes), kind="stable")
    values = np.asarray(sizes)[order]
    figure, axes = _new(3.2)
    places = np.arange(len(values))
    if len(values) > 2000:
        axes.fill_between(places, values, step="mid", color=_BLUE)
    else:
        axes.bar(places, values, width=0.9, color=_BLUE)
    axes.set(ylabel="images", xlabel="classes, the largest first", xlim=(-0.6, len(values) - 0.4))
    if values.max() > 50 * max(values.min(), 1):
        axes.set_yscale("log")
    if len(values) <= _BARS_WITH_NAMES:
        axes.set_xticks(places, [_short(names[index]) for index in order], rotation=60, ha="right", fontsize=8)
        axes.set_xlabel("")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return _svg(figure)


def histogram(values: np.ndarray, label: str, log_scale: bool = False) -> str:
    """Draw a histogram of values.

    Args:
        values: (n,), above 0 if ``log_scale``.
        label: The label of the axis.
        log_scale: Whether the axis is logarithmic if the values have a wide range.
    """
    figure, axes = _new(2.4)
    low, high = float(values.min()), float(values.max())
    if log_scale and high >= _WIDE * low:
        edges = np.geomspace(low, high, 41)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        edges = np.linspace(low, high if high > low else low + 1, 41)
    axes.hist(values, bins=edges.tolist(), color=_BLUE)
    axes.set(xlabel=label, ylabel="images")
    return _svg(figure)


def shares_chart(names: Sequence[str], trained: Sequence[float], predicted: Sequence[float]) -> str:
    """Draw shares of classes in training next to their shares among the predictions.

    Args:
        names: Class names, at most about 40.
        trained: Shares in the training list.
        predicted: Shares among the predictions.
    """
    figure, axes = _new(3.4)
    places = np.arange(len(names))
    axes.bar(places - 0.2, np.asarray(trained) * 100, width=0.4, color=_BLUE, label="training list")
    axes.bar(places + 0.2, np.asarray(predicted) * 100, width=0.4, color=_ORANGE, label="predicted")
    axes.set_xticks(places, [_short(name) for name in names], rotation=60, ha="right", fontsize=8)
    axes.set_ylabel("% of images")
    axes.legend(frameon=False)
    return _svg(figure)


def _new(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9, height), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _short(name: str) -> str:
    return name if len(name) <= 20 else name[:19] + "…"


def _svg(figure: Figure) -> str:
    file = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "kdxf"}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # glyphs that matplotlib's own font lacks; the browser has them
        figure.savefig(file, format="svg", metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", file.getvalue(), flags=re.DOTALL)


# Rows of a table on the screen and on the page, classes with example pictures, pictures of each.
_LINES, _ROWS, _CLASSES, _PICTURES, _BARS = 10, 200, 24, 4, 30


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
    tables = figures.tables
    _add_table(page, _by_figure(tables["lists"]))
    if "compared with the first list" in tables:
        page.heading("Compared with the first list")
        _add_table(page, tables["compared with the first list"])
    _add_classes(page, figures, root, seed)
    if figures.pixels is not None:
        _add_sizes(page, figures.pixels, tables["image sizes"])
    if figures.characters is not None:
        page.heading("Text")
        has = figures.characters > 0
        page.text(f"{int(has.sum())} of {len(has)} images have text.")
        page.drawing(histogram(figures.characters[has], "characters in images that have text", log_scale=True))
        _add_table(page, tables["text per class"])
        page.heading("Classes with alike text")
        _add_table(page, tables["classes with alike text"])
    if "predictions" in tables:
        page.heading("Predicted classes against the training list")
        table = tables["predictions"]
        top = table.head(_BARS).sort_values("trained_share", ascending=False, kind="stable")
        page.text(f"The {len(top)} classes that differ most.")
        page.drawing(
            shares_chart(top["class"].tolist(), top["trained_share"].tolist(), top["predicted_share"].tolist())
        )
        _add_table(page, table)
    return page


def _add_classes(page: HTMLReport, figures: Figures, root: Path, seed: int) -> None:
    table = figures.tables["classes"]
    page.heading("Images per class")
    page.drawing(class_chart(table["images"].tolist(), table["class"].tolist()))
    ordered = table.sort_values("images", ascending=False, kind="stable")
    ordered = ordered[ordered["images"] > 0]
    half = _CLASSES // 2
    shown = ordered if len(ordered) <= _CLASSES else pd.concat([ordered.head(half), ordered.tail(half)])
    page.heading(
        "Examples" + (f" of the {half} largest and the {half} smallest classes" if len(shown) < len(ordered) else "")
    )
    drawn = ranks_in_class(figures.frame["image"], figures.labels, seed) < _PICTURES
    some = figures.frame[drawn]
    for name, images in zip(shown["class"], shown["images"], strict=True):
        page.text(f"{name}: {images} images")
        page.pictures((root / image, image.rsplit("/", 1)[-1]) for image in some.loc[some["label"] == name, "image"])


def _add_sizes(page: HTMLReport, pixels: np.ndarray, table: pd.DataFrame) -> None:
    page.heading("Image sizes")
    readable = pixels[pixels.min(axis=1) > 0]
    if unreadable := len(pixels) - len(readable):
        page.text(f"{unreadable} images have no readable header; tools/data/verify.py says why.")
    if len(readable):
        page.drawing(histogram(readable.max(axis=1), "longer edge in pixels", log_scale=True))
        page.drawing(histogram(readable[:, 0] / readable[:, 1], "width / height", log_scale=True))
        _add_table(page, table)


def _by_figure(lists: pd.DataFrame) -> pd.DataFrame:
    """Transpose to one column per list; numbers keep their type."""
    turned = lists.set_index("list").astype("object").T
    return turned.rename_axis(index="figure", columns=None).reset_index()


def _add_table(page: HTMLReport, table: pd.DataFrame) -> None:
    rows = table.head(_ROWS).astype("object")
    page.table(list(map(str, table.columns)), rows.itertuples(index=False))
    if len(table) > _ROWS:
        page.text(f"{_ROWS} of {len(table)} rows; --json writes all.")
