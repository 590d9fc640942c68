"""The page that shows engines side by side."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from kdxf.analysis.line_drawing import draw_boxes
from kdxf.analysis.ocr_comparison import EngineRun, agreement, totals, words_apart
from kdxf.io.pages import HTMLReport
from kdxf_runtime.io.images import ImageReadError
from kdxf_runtime.ocr.image_source import ImageSource
from kdxf_runtime.ocr.record import OCRRecord

_PAGE_WIDTH, _WIDEST = 1140, 560  # pixels, for all pictures in a row and for one of them
TOTALS_COLUMNS = (
    "engine",
    "images/s",
    "start-up (s)",
    "with text",
    "unreadable",
    "lines",
    "characters",
    "words",
    "only by it",
    "mean score",
)


def totals_rows(runs: Sequence[EngineRun]) -> list[tuple[str | float, ...]]:
    """Return a row of figures for each engine that started, under :data:`TOTALS_COLUMNS`."""
    started = [run for run in runs if run.error is None]
    return [
        (
            run.label,
            round(figures.images_per_second, 2),
            round(run.start_seconds, 1),
            figures.with_text,
            figures.failures,
            figures.lines,
            figures.characters,
            figures.words,
            figures.words_alone,
            round(figures.mean_score, 3),
        )
        for run, figures in zip(started, totals(started), strict=True)
    ]


def write_report(runs: Sequence[EngineRun], root: Path, out: Path) -> None:
    """Write a page that shows what each engine read in each image.

    Args:
        runs: Results of the engines, at least one of which started.
        root: The image root.
        out: The HTML file; the pictures are inside it.
    """
    started = [run for run in runs if run.error is None]
    report = HTMLReport("OCR engines side by side", picture_width=min(_WIDEST, _PAGE_WIDTH // len(started)))
    report.summary(advice(started))
    report.heading("In numbers")
    _add_totals(report, runs, started)
    report.heading("Images")
    source = ImageSource(root)
    for records in zip(*(run.records for run in started), strict=True):
        _add_image(report, source, [run.label for run in started], records)
    report.save(out)


def advice(started: Sequence[EngineRun]) -> str:
    """Say which engine found most and which was fastest, and what to look at."""
    figures = totals(started)
    most = max(range(len(started)), key=lambda index: figures[index].words)
    fastest = max(range(len(started)), key=lambda index: figures[index].images_per_second)
    if len(started) == 1:
        said = f"{started[0].label} found {figures[0].words:,} words at {figures[0].images_per_second:.2g} images/s."
        return f"{said} Look below whether they are right."
    return (
        f"{started[most].label} found the most words ({figures[most].words:,}), {started[fastest].label} is the "
        f"fastest ({figures[fastest].images_per_second:.2g} images/s). Words that one engine alone found are listed "
        "under each image: look whether they are right, then take the engine that the photographs speak for."
    )


def _add_totals(report: HTMLReport, runs: Sequence[EngineRun], started: Sequence[EngineRun]) -> None:
    report.text(
        f"{len(started[0].records)} images, read one after the other in one process; images/s counts neither the "
        "start-up of an engine nor the decoding of the files. A Chinese character counts as a word."
    )
    report.table(TOTALS_COLUMNS, totals_rows(runs), sortable=len(started) > 1)
    if failed := [(run.label, run.error) for run in runs if run.error is not None]:
        report.table(["did not start", "reason"], failed)
    with report.details("Settings of the engines"):
        report.table(["engine", "settings"], [(run.label, run.name) for run in started])
    pairs = [
        (one.label, other.label, round(agreed.words, 3), round(agreed.text, 3))
        for one, other in combinations(started, 2)
        if (agreed := agreement(one, other)) is not None
    ]
    if pairs:
        report.text("How far two engines agree, mean over the images in which either found words:")
        report.table(["engine", "engine", "shared words", "similarity of the text"], pairs)


def _add_image(report: HTMLReport, source: ImageSource, labels: Sequence[str], records: Sequence[OCRRecord]) -> None:
    report.subheading(records[0].image)
    try:
        pixels = source.read(records[0].image)
    except ImageReadError as error:
        report.text(f"unreadable: {error}")
        return
    report.pictures(
        (draw_boxes(pixels, record.boxes, report.picture_width), _caption(label, record))
        for label, record in zip(labels, records, strict=True)
    )
    several, alone = words_apart(records)
    rows = [("several engines", _listed(several))] if len(records) > 1 else []
    rows += [(f"only {label}", _listed(words)) for label, words in zip(labels, alone, strict=True)]
    report.table(["words found by", ""], rows)


def _caption(label: str, record: OCRRecord) -> str:
    if record.error is not None:
        return f"{label}\n{record.error}"
    scores = np.round(record.scores, 2)
    lines = [f"{i}. {text} ({score:.2f})" for i, (text, score) in enumerate(zip(record.texts, scores, strict=True), 1)]
    return "\n".join([label, *(lines or ["no text"])])


def _listed(words: Counter[str]) -> str:
    return " ".join(word if count == 1 else f"{word} ×{count}" for word, count in sorted(words.items())) or "none"
