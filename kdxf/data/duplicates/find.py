"""Groups of duplicate pictures in one or several lists, and the lists without them."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.data.duplicates.cache import Fingerprints, take_fingerprints
from kdxf.data.duplicates.fingerprint import same_picture
from kdxf.data.duplicates.pairs import Candidates, Pairs, find_pairs
from kdxf.data.folds.groups import join
from kdxf.data.lists import ImageList
from kdxf.data.options import KEEP, SIMILARITY
from kdxf.data.parallel import parallel_map
from kdxf.errors import UserError
from kdxf_runtime.io.images import ImageReadError, read_image

# The least similarity to the group's reference of a picture that joined the group through others: a chain of small
# steps must not join pictures that are unlike.
_LIKE_REFERENCE = 0.98


@dataclass(frozen=True)
class Members:
    """The rows that belong to a group, group by group, the reference first.

    Attributes:
        row: int64 (M,).
        group: int64 (M,), from 0.
        reference: int64 (M,), the row of the group's reference.
        similarity: float64 (M,), to the reference.
        mirrored: bool (M,), whether it is the mirror image of the reference.
    """

    row: np.ndarray
    group: np.ndarray
    reference: np.ndarray
    similarity: np.ndarray
    mirrored: np.ndarray


def different_looks(prints: Fingerprints) -> tuple[np.ndarray, np.ndarray]:
    """Assign numbers to the distinct looks of pictures, so that exact copies are processed once.

    Returns:
        The number of each picture's looks, int64 (n,), -1 if it cannot be read; and one picture for each number.
    """
    plain = prints.plain()
    keys = [
        # Plain pictures look the same however different they are: for them only the bytes count.
        digest if is_plain else hashlib.blake2b(grey.tobytes() + colour.tobytes(), digest_size=16).hexdigest()
        for digest, is_plain, grey, colour in zip(prints.digests, plain, prints.grey, prints.colour, strict=True)
    ]
    looks = pd.factorize(pd.Series(keys).where(prints.pixels > 0))[0].astype(np.int64)
    readable = np.flatnonzero(looks >= 0)
    _, first = np.unique(looks[readable], return_index=True)
    return looks, readable[first]


def group(
    looks: np.ndarray, ranks: np.ndarray, prints: Fingerprints, pairs: Pairs, limit: float, mirrored: bool
) -> Members:
    """Group rows around references.

    Args:
        looks: int64 (n,), the number of each row's looks; -1 for rows that belong to no group.
        ranks: int64 (n,), all different: the best row of a group is its reference.
        prints: The fingerprint of each of the looks.
        pairs: Looks that are copies.
        limit: The similarity from which they are.
        mirrored: Whether mirror images are copies.
    """
    readable = np.flatnonzero(looks >= 0)
    best = np.full(len(prints), len(ranks), np.int64)
    np.minimum.at(best, looks[readable], ranks[readable])
    leader, similarity, turned = _leaders(best, prints.grey, pairs, min(limit, _LIKE_REFERENCE), mirrored)
    of_row = leader[looks[readable]]
    readable = readable[np.bincount(of_row, minlength=len(prints))[of_row] > 1]
    readable = readable[np.lexsort((ranks[readable], best[leader[looks[readable]]]))]
    groups = pd.factorize(leader[looks[readable]])[0].astype(np.int64)
    _, first = np.unique(groups, return_index=True)
    seen = looks[readable]
    return Members(readable, groups, readable[first][groups], similarity[seen], turned[seen])


def _leaders(
    best: np.ndarray, grey: np.ndarray, pairs: Pairs, limit: float, mirrored: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each of the looks the leader of its group, the similarity to it, and whether it is mirrored."""
    count = len(best)
    leader, similarity, turned = np.arange(count), np.ones(count), np.zeros(count, bool)
    joined = join(count, pairs.first, pairs.second)
    order = np.lexsort((best, joined))
    for members in np.split(order, np.flatnonzero(np.diff(joined[order])) + 1):
        while len(members) > 1:
            first, rest = members[0], members[1:]
            upright = np.array([same_picture(grey[first], grey[item]) for item in rest])
            turn = np.array([same_picture(grey[first], grey[item, :, ::-1]) if mirrored else 0.0 for item in rest])
            alike = np.maximum(upright, turn)
            joins = alike >= limit
            leader[rest[joins]] = first
            similarity[rest[joins]], turned[rest[joins]] = alike[joins], (turn > upright)[joins]
            members = rest[~joins]
    return leader, similarity, turned


# The least similarity of two decodings of the same pixels, one of them at a reduced scale.
_MAY_BE_SAME_PIXELS = 0.998


@dataclass(frozen=True)
class Duplicates:
    """The duplicates in one or several lists.

    Attributes:
        rows: All rows of all lists: ``image``, ``list`` (its number), ``row`` (its position in the list), ``label``
            (missing if the list has none), ``path``, ``error`` (missing if the picture can be read).
        groups: One row for each picture that has a duplicate, best first within its group: ``row`` (of ``rows``) and
            ``image``, ``list``, ``label``, ``group``, ``kind`` (``reference``: the best of the group; others are to it
            ``exact``: the same bytes, ``pixels``: the same pixels, ``near`` or ``mirrored``), ``distance`` (1 less the
            correlation of what they show).
    """

    rows: pd.DataFrame
    groups: pd.DataFrame

    def across_lists(self) -> pd.DataFrame:
        """Return the groups with pictures of several lists."""
        return self._having_several("list")

    def conflicting(self) -> pd.DataFrame:
        """Return the groups with several labels."""
        return self._having_several("label")

    def _having_several(self, column: str) -> pd.DataFrame:
        return self.groups[self.groups.groupby("group")[column].transform("nunique") > 1]

    def keepers(self, conflicts: str) -> np.ndarray:
        """Return whether each of ``rows`` is kept: bool (n,).

        Args:
            conflicts: ``drop`` keeps no picture of a group with several labels, ``keep`` the best one as elsewhere.
        """
        stays = np.ones(len(self.rows), bool)
        stays[self.groups.loc[self.groups["kind"] != "reference", "row"]] = False
        if conflicts == "drop":
            stays[self.conflicting()["row"]] = False
        return stays


def gather(lists: Sequence[ImageList]) -> pd.DataFrame:
    """Concatenate the rows of lists; see :attr:`Duplicates.rows`, without ``error``."""
    frames = [
        pd.DataFrame(
            {
                "image": item.frame["image"],
                "list": number,
                "row": range(len(item.frame)),
                "label": item.frame.get("label", pd.Series(pd.NA, index=item.frame.index, dtype="str")),
                "path": [str(item.root / image) for image in item.frame["image"]],
            }
        )
        for number, item in enumerate(lists)
    ]
    return pd.concat(frames, ignore_index=True)


def find_duplicates(
    lists: Sequence[ImageList],
    workers: int,
    *,
    cache: Path | None = None,
    similarity: float = SIMILARITY,
    mirrored: bool = False,
    keep: str = KEEP[0],
    candidates: Callable[[list[str]], Candidates] | None = None,
) -> Duplicates:
    """Find the duplicates within and across lists.

    Args:
        lists: The lists.
        workers: Number of processes.
        cache: See :func:`kdxf.data.duplicates.cache.take_fingerprints`.
        similarity: See :func:`kdxf.data.duplicates.pairs.find_pairs`.
        mirrored: Whether mirror images are duplicates.
        keep: Which picture of a group is the best: the largest of the first list, or the largest of all.
        candidates: A function that returns more pairs to compare, for the paths of different pictures.

    Raises:
        UserError: ``similarity`` is not a correlation, or no picture can be read.
    """
    if not 0.5 <= similarity <= 1:
        raise UserError(f"--similarity: must lie between 0.5 and 1, not {similarity}")
    rows = gather(lists)
    paths, of_path = np.unique(rows["path"], return_inverse=True)
    prints = take_fingerprints([Path(path) for path in paths], workers, cache)
    rows["error"] = pd.Series(prints.errors, dtype="str").to_numpy()[of_path]
    if rows["error"].notna().all():
        raise UserError(f"{lists[0].source}: no image can be read (first: {rows['error'].iloc[0]}); check --root")
    looks, examples = different_looks(prints)
    different = prints.take(examples)
    more = None if candidates is None else candidates([str(path) for path in paths[examples]])
    pairs = find_pairs(different, workers, similarity, mirrored, more)
    ranks = _ranks(rows, prints.pixels[of_path], keep)
    members = group(looks[of_path], ranks, different, pairs, similarity, mirrored)
    return Duplicates(rows, _describe(rows, members, prints, of_path, workers))


def _ranks(rows: pd.DataFrame, pixels: np.ndarray, keep: str) -> np.ndarray:
    """Return the position of each row in the order of preference; it does not depend on the order within a list."""
    size = -pixels
    # The last key counts first.
    keys = (rows["image"], size, rows["list"]) if keep == KEEP[0] else (rows["image"], rows["list"], size)
    ranks = np.empty(len(rows), np.int64)
    ranks[np.lexsort([pd.factorize(key, sort=True)[0] for key in keys])] = np.arange(len(rows))
    return ranks


def _describe(
    rows: pd.DataFrame, members: Members, prints: Fingerprints, of_path: np.ndarray, workers: int
) -> pd.DataFrame:
    groups = rows.loc[members.row, ["image", "list", "label"]].reset_index(drop=True)
    groups.insert(0, "row", members.row)
    place, reference = of_path[members.row], of_path[members.reference]
    kind = np.where(members.mirrored, "mirrored", "near").astype(object)
    kind[prints.digests[place] == prints.digests[reference]] = "exact"
    kind[members.row == members.reference] = "reference"
    doubtful = (kind == "near") & (prints.pixels[place] == prints.pixels[reference])
    doubtful &= members.similarity > _MAY_BE_SAME_PIXELS
    paths = rows["path"].to_numpy()
    pairs = list(zip(paths[members.row[doubtful]], paths[members.reference[doubtful]], strict=True))
    same = np.array(list(parallel_map(_same_pixels, pairs, workers, "pixels", "pair")), bool)
    kind[np.flatnonzero(doubtful)[same]] = "pixels"
    distance = np.where(np.isin(kind, ("near", "mirrored")), 1 - members.similarity, 0.0)
    return groups.assign(group=members.group, kind=kind, distance=np.maximum(distance, 0).round(4))


def _same_pixels(pair: tuple[str, str]) -> bool:
    try:
        return np.array_equal(read_image(pair[0]), read_image(pair[1]))
    except ImageReadError:  # deleted since its fingerprint was computed
        return False
