"""Two trainings compared: their predictions image by image, their classes, and their configs key by key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
from mmengine.config import Config

from kdxf.analysis.runs.kept_config import flat
from kdxf.analysis.runs.training import Training, read_trainings
from kdxf.errors import UserError
from kdxf.evaluation.score_files import GAIN, RANGE, SEEN, Scoreboard, score
from kdxf.io.pages import HTMLReport, Percent, markdown_table
from kdxf.io.predictions import read_predictions, read_source
from kdxf_runtime.io.digests import file_digest

_ADVICE = "predict with both, as in tools/test.py CONFIG CHECKPOINT --out RUN/val.parquet"
_NOT_SET = "(not set)"
_FOLDED = 25  # settings


@dataclass(frozen=True, eq=False)
class Comparison:
    """What differs between two runs, A and B.

    Attributes:
        names: Of A and B.
        board: Scores of both files of predictions, with intervals of B's gain; None where there are none.
        settings: Dotted key to the values of A and B, of settings that differ.
        missing: Why there is no board.
    """

    names: tuple[str, str]
    board: Scoreboard | None
    settings: Mapping[str, tuple[Any, Any]]
    missing: str = ""

    @property
    def classes(self) -> pd.DataFrame | None:
        """The classes in which B is right more or less often than A, what it won first; None without a board.

        Columns: ``class``, ``images``, the images right of A and of B under their names, and ``won``, the difference.
        """
        if self.board is None or self.board.classes is None:
            return None
        table = self.board.classes.copy()
        for name in self.names:
            table[name] = (table[name] * table["images"] / 100).round().astype(int)
        table["won"] = table[self.names[1]] - table[self.names[0]]
        return table[table["won"] != 0].sort_values("won", ascending=False, kind="stable", ignore_index=True)

    def markdown(self) -> str:
        """Return all of it as Markdown."""
        parts = [f"{self.missing}\n"] if self.board is None else [self.board.markdown()]
        if self.classes is not None:
            won, lost = (self.classes["won"] > 0).sum(), (self.classes["won"] < 0).sum()
            parts.append(f"{self.names[1]} is right more often in {won} classes, less often in {lost}; images right:\n")
            if len(self.classes):
                rows = [[str(cell) for cell in row[:-1]] + [f"{row[-1]:+d}"] for row in self.classes.to_numpy()]
                parts.append(markdown_table(list(self.classes.columns), rows))
        if not self.settings:
            parts.append("The configs have the same settings.\n")
        else:
            parts.append(f"{len(self.settings)} settings of the configs differ:\n")
            rows = [[key, *map(_shown, values)] for key, values in self.settings.items()]
            parts.append(markdown_table(["setting", *self.names], rows))
        return "\n".join(parts)


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Write a comparison as a page.

    Args:
        comparison: The comparison.
        path: The file.
    """
    one, other = comparison.names
    page = HTMLReport(f"{other} against {one}")
    if comparison.board is None:
        page.warning(comparison.missing)
    else:
        _scores(page, comparison.board, one, other)
    if comparison.classes is not None:
        _classes(page, comparison.classes, one, other)
    page.heading("What differs in the configs")
    if comparison.settings:
        page.text("Settings of the kept configs by their dotted keys; the work folder does not count.")
        pairs = comparison.settings.items()
        rows = [[key, *(value if value is _NOT_SET else repr(value) for value in values)] for key, values in pairs]
        page.table(["setting", one, other], rows, sortable=True, fold_after=_FOLDED)
    else:
        page.text("Nothing: they have the same settings.")
    page.save(path)


def _scores(page: HTMLReport, board: Scoreboard, one: str, other: str) -> None:
    table = board.table
    columns: dict[str, Any] = {"run": table["name"]}
    if board.classes is not None:
        images = board.classes["images"].to_numpy()
        shares = {name: float(board.classes[name] @ images / images.sum()) for name in (one, other)}
        columns["top-1, 95 %"] = [
            Percent(shares[name], low, high) for name, low, high in table[["name", *RANGE]].itertuples(index=False)
        ]
        gain, low, high = table[GAIN].iloc[1].tolist()
        verdict = f"{other if gain > 0 else one} is better"
        if low <= 0 <= high:
            verdict = "the interval contains 0, so the difference may be chance"
        page.summary(
            f"{other} is right for {shares[other]:.1f} % of {images.sum():,} images, {one} for {shares[one]:.1f} %: "
            f"{gain:+.1f} points (95 % interval {low:+.1f} to {high:+.1f}); {verdict}."
        )
    columns |= dict(table.drop(columns=["name", SEEN, *RANGE, *GAIN], errors="ignore"))
    page.heading("Scores")
    page.text(
        "Of both runs on the same images. For the interval of the difference, images are drawn again and again, the "
        "same ones for both runs (paired bootstrap)."
    )
    page.table(list(columns), zip(*columns.values(), strict=True))
    for note in board.notes:
        page.text(note)


def _classes(page: HTMLReport, table: pd.DataFrame, one: str, other: str) -> None:
    won, lost = int((table["won"] > 0).sum()), int((table["won"] < 0).sum())
    page.summary(f"{other} is right more often in {won} classes, less often in {lost}.")
    page.heading("Classes won and lost")
    if table.empty:
        page.text("None: in each class both are right for equally many images.")
        return
    page.text(
        f"How many images of each class are right; those that {other} won stand first, equal classes are left out."
    )
    shown = table[["class", "won", "images", one, other]]
    titles = ["class", "won", "images", f"right, {one}", f"right, {other}"]
    page.table(titles, shown.itertuples(index=False), sortable=True)


def compare_runs(folders: Sequence[Path], predictions: Sequence[Path] = ()) -> Comparison:
    """Compare the last trainings of two work folders.

    Args:
        folders: Those of A and B.
        predictions: Their files of predictions. By default those in their folders, or beside them, whose model is a
            checkpoint in the folder, and which are of the same images.

    Raises:
        UserError: A folder holds no training, or a file cannot be read or scored; or several pairs of files fit.
    """
    one, other = (_last_training(folder) for folder in folders)
    names = _names(folders)
    settings = config_difference(one.settings, other.settings)
    files = tuple(predictions) or _find_pair(*folders)
    if not files:
        missing = f"No predictions of the same labelled images by both runs were found: {_ADVICE}, or name them with "
        return Comparison(names, None, settings, f"{missing}--predictions A.parquet B.parquet.")
    cfg = Config({key: value for key, value in one.settings.items() if key != "stages"})
    return Comparison(names, score(cfg, dict(zip(names, files, strict=True))), settings)


def config_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the settings that differ, by dotted key: the value in each; the work folder does not count."""
    values = [{key: value for key, value in flat(settings) if key != "work_dir"} for settings in (one, other)]
    keys = sorted({*values[0], *values[1]})
    pairs = {key: (values[0].get(key, _NOT_SET), values[1].get(key, _NOT_SET)) for key in keys}
    return {key: pair for key, pair in pairs.items() if repr(pair[0]) != repr(pair[1])}


def _shown(value: Any) -> str:
    text = value if value is _NOT_SET else repr(value)
    return (text if len(text) <= 80 else f"{text[:77]}...").replace("|", "\\|")


def _names(folders: Sequence[Path]) -> tuple[str, str]:
    """Name the folders by the shortest ends of their paths that differ."""
    one, other = (folder.resolve().parts for folder in folders)
    if one == other:
        raise UserError(f"--compare: {folders[0]} is given twice; name two work folders")
    length = next(length for length in range(1, max(len(one), len(other)) + 1) if one[-length:] != other[-length:])
    return "/".join(one[-length:]), "/".join(other[-length:])


def _last_training(folder: Path) -> Training:
    trainings = read_trainings(folder) if folder.is_dir() else []
    if not trainings:
        raise UserError(f"--compare {folder}: not the work folder of a training; name one that 'kdxf runs' lists")
    return trainings[-1]


def _find_pair(one: Path, other: Path) -> tuple[Path, ...]:
    """Find a file of predictions of each run with the same labelled images; empty where there are none.

    Raises:
        UserError: There are several such pairs.
    """
    found = [_predictions_of(folder) for folder in (one, other)]
    pairs = [(a, b) for a, b in product(*found) if found[0][a] == found[1][b]]
    if len(pairs) > 1:
        listed = "; ".join(f"{a} {b}" for a, b in pairs)
        raise UserError(f"--compare: {len(pairs)} pairs of predictions fit; choose one with --predictions ({listed})")
    return pairs[0] if pairs else ()


def _predictions_of(folder: Path) -> dict[Path, list[str]]:
    """Find the files of labelled predictions of a run's checkpoints, in its folder or beside it: their images."""
    checkpoints = {path.name: path for path in folder.glob("*.pth")}
    found = {}
    for path in sorted([*folder.rglob("*.parquet"), *folder.parent.glob("*.parquet")]):
        try:
            source = read_source(path)
        except UserError:  # any other table
            continue
        own = checkpoints.get(Path(source.checkpoint or "").name)
        if own is None or source.checkpoint_digest != file_digest(own):
            continue
        predictions = read_predictions(path)
        if predictions.labels is not None:
            found[path] = sorted(predictions.images)
    return found
