"""Shows suggested class names with their words and pictures, and writes them down."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from kdxf.html_report import HTMLReport
from kdxf.whole_files import write_whole
from kdxf.workshop.class_words.separating_words import SeparatingWords
from kdxf.workshop.lists import ImageList


def write_names(names: Mapping[str, str], path: Path) -> None:
    """Writes ``{"0": "name", ...}``, the form that ``--class-names`` of ``tools/data/split.py`` reads."""
    write_whole((json.dumps(names, ensure_ascii=False, indent=2) + "\n").encode(), path)


def format_names(found: SeparatingWords, names: Mapping[str, str], nameless: Sequence[str]) -> str:
    """Gives a line for each class, and which ones have no words."""
    rows = zip(found.texts["id"], found.texts["images"], found.texts["with_words"], strict=True)
    lines = [f"{'id':<24}{'images':>8}{'with words':>12}  name"]
    lines += [f"{item:<24}{images:>8}{words:>12}  {names[item]}" for item, images, words in rows]
    if nameless:
        lines.append(f"classes without telling words, which keep their id ({len(nameless)}): {', '.join(nameless)}")
    return "\n".join(lines)


def names_page(
    found: SeparatingWords, names: Mapping[str, str], nameless: Sequence[str], images: ImageList
) -> HTMLReport:
    """Builds a page with the words and some pictures of each class.

    Args:
        found: The words.
        names: Class id to suggested name.
        nameless: Ids of classes without words.
        images: The list.
    """
    page = HTMLReport(f"Suggested class names of {images.source}", picture_width=180)
    page.text(
        "A word's score says how many standard deviations it is more frequent in the class than elsewhere; how many "
        "images show it says whether it makes a name."
    )
    if nameless:
        page.text(f"Classes without telling words, which keep their id ({len(nameless)}): {', '.join(nameless)}")
    groups = dict(iter(found.words.groupby("id", sort=False)))
    for item, count, with_words in found.texts.itertuples(index=False):
        page.heading(f"{item}: {names[item]}" if names[item] != item else item)
        page.text(f"{count} images, {with_words} with words")
        if item in groups:
            table: pd.DataFrame = groups[item]
            rows = table.assign(score=table["score"].round(1))[["word", "images", "elsewhere", "score"]]
            page.table(list(rows.columns), rows.astype(object).to_numpy().tolist())
        shown = images.frame["image"].iloc[found.examples[item]]
        page.pictures((images.root / image, image) for image in shown)
    return page
