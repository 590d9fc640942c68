"""What ``dedupe`` hands on: a CSV of the groups, the lists without duplicates, a table and a page with the pictures."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kdxf.errors import UserError
from kdxf.io.pages import HTMLReport
from kdxf.data.duplicates.find import Duplicates
from kdxf.data.lists import ImageList

COLUMNS = ["image", "list", "label", "group", "kind", "distance"]
# Groups of a section and pictures of a group that the page shows.
_GROUPS, _PICTURES = 100, 12


def groups_table(found: Duplicates, lists: Sequence[ImageList]) -> pd.DataFrame:
    """Gives the groups as they are written: :data:`COLUMNS`, the list by its file."""
    names = [str(item.source) for item in lists]
    return found.groups.assign(list=found.groups["list"].map(dict(enumerate(names))))[COLUMNS]


def lists_without(
    found: Duplicates, lists: Sequence[ImageList], folder: Path, conflicts: str
) -> dict[Path, pd.DataFrame]:
    """Gives the lists without duplicates under their names in ``folder``, all their columns kept.

    Args:
        found: The duplicates.
        lists: What they were found in.
        folder: Where the results are to lie.
        conflicts: As of :meth:`kdxf.data.duplicates.find.Duplicates.keepers`.

    Raises:
        UserError: Two lists have the same name.
    """
    stays = found.keepers(conflicts)
    results: dict[Path, pd.DataFrame] = {}
    for number, item in enumerate(lists):
        path = folder / f"{item.source.resolve().stem if item.source.is_file() else item.source.resolve().name}.csv"
        if path in results:
            raise UserError(f"{item.source}: another list has the same name, so {path} would be both; rename one")
        results[path] = item.frame[stays[(found.rows["list"] == number).to_numpy()]]
    return results


def summary(found: Duplicates, lists: Sequence[ImageList], conflicts: str) -> list[tuple[str, int]]:
    """Gives what was found in numbers, one name and number after the other."""
    kinds = found.groups["kind"].value_counts()
    stays = found.keepers(conflicts)
    lines = [
        ("images", len(found.rows)),
        ("  cannot be read", int(found.rows["error"].notna().sum())),
        ("groups", int(found.groups["group"].nunique())),
        ("  same bytes", int(kinds.get("exact", 0))),
        ("  same pixels", int(kinds.get("pixels", 0))),
        ("  near", int(kinds.get("near", 0))),
        ("  mirrored", int(kinds.get("mirrored", 0))),
        ("groups across lists", int(found.across_lists()["group"].nunique())),
        ("groups with several labels", int(found.conflicting()["group"].nunique())),
    ]
    return lines + [
        (f"left of {item.source}", int(stays[(found.rows["list"] == number).to_numpy()].sum()))
        for number, item in enumerate(lists)
    ]


def report(found: Duplicates, lists: Sequence[ImageList], conflicts: str) -> HTMLReport:
    """Builds the page: what leaks between lists first, then quarrels about labels, then the rest."""
    page = HTMLReport("Duplicates", picture_width=180)
    page.table(("", "number"), summary(found, lists, conflicts))
    page.text("The first picture of a row is the one that stays; the number is 1 less the correlation with it.")
    across, conflicting = found.across_lists(), found.conflicting()
    rest = found.groups[~found.groups["group"].isin([*across["group"], *conflicting["group"]])]
    for title, groups in (
        ("In several lists", across),
        ("With several labels", conflicting),
        ("Within one list", rest),
    ):
        _section(page, title, groups, found, lists)
    return page


def _section(page: HTMLReport, title: str, groups: pd.DataFrame, found: Duplicates, lists: Sequence[ImageList]) -> None:
    number = groups["group"].nunique()
    page.heading(f"{title}: {number} groups" + (f", the first {_GROUPS} are shown" if number > _GROUPS else ""))
    for _, rows in list(groups.groupby("group"))[:_GROUPS]:
        pictures = []
        for row in rows.head(_PICTURES).itertuples():
            label = "" if pd.isna(row.label) else f"{row.label}\n"
            kind = row.kind if row.kind in ("reference", "exact", "pixels") else f"{row.kind} {row.distance}"
            pictures.append((found.rows["path"][row.row], f"{kind}\n{label}{lists[row.list].source.name}: {row.image}"))
        page.pictures(pictures)
        if len(rows) > _PICTURES:
            page.text(f"and {len(rows) - _PICTURES} more")
