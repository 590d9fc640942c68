"""The results of ``dedupe``: a CSV of the groups, the lists without duplicates, a table and a page of pictures."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kdxf.data.duplicates.find import Duplicates
from kdxf.data.lists import ImageList
from kdxf.errors import UserError
from kdxf.io.pages import HTMLReport

COLUMNS = ["image", "list", "label", "group", "kind", "distance"]
# The numbers of groups of a section, and of pictures of a group, that the page shows.
_GROUPS, _PICTURES = 100, 12


def groups_table(duplicates: Duplicates, lists: Sequence[ImageList]) -> pd.DataFrame:
    """Return the table of groups as it is written: :data:`COLUMNS`, with the file name of each list."""
    names = [str(item.source) for item in lists]
    return duplicates.groups.assign(list=duplicates.groups["list"].map(dict(enumerate(names))))[COLUMNS]


def lists_without(
    duplicates: Duplicates, lists: Sequence[ImageList], folder: Path, conflicts: str
) -> dict[Path, pd.DataFrame]:
    """Return the lists without duplicates under their names in ``folder``, with all their columns.

    Args:
        duplicates: The duplicates.
        lists: The lists that were searched.
        folder: The folder of the results.
        conflicts: As for :meth:`kdxf.data.duplicates.find.Duplicates.keepers`.

    Raises:
        UserError: Two lists have the same name.
    """
    kept = duplicates.keepers(conflicts)
    results: dict[Path, pd.DataFrame] = {}
    for number, item in enumerate(lists):
        path = folder / f"{item.source.resolve().stem if item.source.is_file() else item.source.resolve().name}.csv"
        if path in results:
            raise UserError(f"{item.source}: another list has the same name, so {path} would be both; rename one")
        results[path] = item.frame[kept[(duplicates.rows["list"] == number).to_numpy()]]
    return results


def summary(duplicates: Duplicates, lists: Sequence[ImageList], conflicts: str) -> list[tuple[str, int]]:
    """Return the result in numbers, as pairs of name and number."""
    kinds = duplicates.groups["kind"].value_counts()
    kept = duplicates.keepers(conflicts)
    lines = [
        ("images", len(duplicates.rows)),
        ("  cannot be read", int(duplicates.rows["error"].notna().sum())),
        ("groups", int(duplicates.groups["group"].nunique())),
        ("  same bytes", int(kinds.get("exact", 0))),
        ("  same pixels", int(kinds.get("pixels", 0))),
        ("  near", int(kinds.get("near", 0))),
        ("  mirrored", int(kinds.get("mirrored", 0))),
        ("groups across lists", int(duplicates.across_lists()["group"].nunique())),
        ("groups with several labels", int(duplicates.conflicting()["group"].nunique())),
    ]
    return lines + [
        (f"left of {item.source}", int(kept[(duplicates.rows["list"] == number).to_numpy()].sum()))
        for number, item in enumerate(lists)
    ]


def report(duplicates: Duplicates, lists: Sequence[ImageList], conflicts: str) -> HTMLReport:
    """Build the page: first leaks between lists, then groups with several labels, then the rest."""
    page = HTMLReport("Duplicates", picture_width=180)
    for sentence in advice(duplicates, conflicts):
        page.summary(sentence)
    page.heading("In numbers")
    page.table(("", "number"), [(name.strip(), number) for name, number in summary(duplicates, lists, conflicts)])
    page.text(
        "The first picture of a row is the one that stays. The number at a near duplicate is its distance from that "
        "one: 1 less the correlation of the two."
    )
    across, conflicting = duplicates.across_lists(), duplicates.conflicting()
    rest = duplicates.groups[~duplicates.groups["group"].isin([*across["group"], *conflicting["group"]])]
    for title, groups in (
        ("In several lists", across),
        ("With several labels", conflicting),
        ("Within one list", rest),
    ):
        if len(groups):
            _section(page, title, groups, duplicates, lists)
    return page


def advice(duplicates: Duplicates, conflicts: str) -> list[str]:
    """Say in a few sentences what was found and what to do about it."""
    groups = duplicates.groups["group"].nunique()
    if not groups:
        return [f"No duplicates among {len(duplicates.rows):,} images."]
    gone = len(duplicates.rows) - int(duplicates.keepers(conflicts).sum())
    said = [f"{groups:,} groups of duplicates among {len(duplicates.rows):,} images; --out-lists leaves out {gone:,}."]
    if across := duplicates.across_lists()["group"].nunique():
        said.append(
            f"{across:,} groups lie in several lists: a model is tested on pictures that it was trained on, and scores "
            "too well. Train and test with the lists of --out-lists."
        )
    if labels := duplicates.conflicting()["group"].nunique():
        rule = "all their pictures go, since nothing says" if conflicts == "drop" else "one picture stays, but look"
        said.append(f"{labels:,} groups have several labels: {rule} which label is right.")
    return said


def _section(
    page: HTMLReport, title: str, groups: pd.DataFrame, duplicates: Duplicates, lists: Sequence[ImageList]
) -> None:
    number = groups["group"].nunique()
    page.heading(f"{title}: {number:,} groups" + (f", the first {_GROUPS} are shown" if number > _GROUPS else ""))
    for _, rows in list(groups.groupby("group"))[:_GROUPS]:
        pictures = []
        for row in rows.head(_PICTURES).itertuples():
            label = "" if pd.isna(row.label) else f"{row.label}\n"
            kind = row.kind if row.kind in ("reference", "exact", "pixels") else f"{row.kind} {row.distance}"
            pictures.append(
                (duplicates.rows["path"][row.row], f"{kind}\n{label}{lists[row.list].source.name}: {row.image}")
            )
        page.pictures(pictures)
        if len(rows) > _PICTURES:
            page.text(f"and {len(rows) - _PICTURES} more")
