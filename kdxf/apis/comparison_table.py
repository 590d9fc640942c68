"""The tables of a comparison: mean and spread of each score over the runs of a model."""

import math

import pandas as pd

from kdxf.markdown_table import markdown_table

RUN_COLUMNS = ("model", "input", "fold", "seed", "seconds")
"""Columns of a table of runs that are no scores."""

_LEGEND = """
Mean ± standard deviation over the runs. Δ: difference to the run of {first} with the same input, fold and seed.
Seconds: training of one run.
"""
STATISTICS = ("mean", "std", "diff", "diff std")


def summarize(runs: pd.DataFrame) -> pd.DataFrame:
    """Sum up the runs of each model and input.

    The difference is that to the first model's run of the same input, fold and seed. What is easy for one model is
    easy for another, so differences spread less than scores, and tell the better model sooner.

    Args:
        runs: A row per run and input: :data:`RUN_COLUMNS`, then a column per score.

    Returns:
        A row per ``model`` and ``input``, in the order of their first runs: the number of ``runs``, their mean
        ``seconds``, and for each score ``<score> mean`` and ``std``, ``<score> diff`` and ``diff std``. Standard
        deviations have n - 1 in the denominator; that of one run is NaN.
    """
    scores = [name for name in runs.columns if name not in RUN_COLUMNS]
    pairs = runs.merge(
        runs[runs.model == runs.model.iloc[0]], how="left", on=["input", "fold", "seed"], suffixes=("", " of first")
    )
    for score in scores:
        pairs[f"{score} of first"] = pairs[score] - pairs[f"{score} of first"]
    groups = pairs.groupby(["model", "input"], sort=False)
    table = groups.agg(runs=("seed", "size"), seconds=("seconds", "mean"))
    for score in scores:
        of_runs, of_differences = groups[score], groups[f"{score} of first"]
        values = (of_runs.mean(), of_runs.std(), of_differences.mean(), of_differences.std())
        table = table.assign(**{f"{score} {name}": value for name, value in zip(STATISTICS, values, strict=True)})
    return table.reset_index()


def markdown(table: pd.DataFrame) -> str:
    """Write what :func:`summarize` gives as a Markdown table, without standard errors (``<score>_stderr``)."""
    scores = [name.removesuffix(" mean") for name in table.columns if name.endswith(" mean")]
    scores = [name for name in scores if not name.endswith("_stderr")]
    first = table.model.iloc[0]
    head = ["model", "input", "runs", *(title for score in scores for title in (score, "Δ")), "seconds"]
    rows = []
    for row in table.to_dict("records"):
        cells = [row["model"], row["input"], str(row["runs"])]
        for score in scores:
            mean, std, diff, diff_std = (row[f"{score} {name}"] for name in STATISTICS)
            cells += [_cell(f"{mean:.1f}", std), "" if row["model"] == first else _cell(f"{diff:+.1f}", diff_std)]
        rows.append([*cells, f"{row['seconds']:.0f}"])
    return markdown_table(head, rows) + _LEGEND.format(first=first)


def _cell(value: str, std: float) -> str:
    return value if math.isnan(std) else f"{value} ± {std:.1f}"
