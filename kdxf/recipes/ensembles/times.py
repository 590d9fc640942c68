"""What the members of an ensemble cost: milliseconds per image. U units.

``tools/inference.py --save-probs`` notes in its file what it measured. Members share the text of an image: reading it
costs once, whichever of them take it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kdxf.errors import UserError
from kdxf.io.predictions import read_source
from kdxf.io.provenance import MILLISECONDS
from kdxf.recipes.ensembles.members import Unit

OCR = "OCR"
"""The name of reading the text in ``--times``."""


@dataclass(frozen=True, eq=False)
class Times:
    """What units cost.

    Attributes:
        names: U names of the units.
        own: float64 (U,), milliseconds per image for loading and model.
        takes_text: bool (U,), whether a unit takes the text of an image.
        ocr: Milliseconds per image for reading it.
    """

    names: Sequence[str]
    own: np.ndarray
    takes_text: np.ndarray
    ocr: float

    def of(self, chosen: np.ndarray) -> float:
        """Return the milliseconds per image of the units that are chosen, bool (U,)."""
        return float(self.own[chosen].sum() + self.ocr * self.takes_text[chosen].any())

    def describe(self, chosen: np.ndarray) -> str:
        """Say what the chosen units cost, bool (U,): ``30 ms per image: a 10, b 12, OCR 8``."""
        parts = [f"{self.names[index]} {self.own[index]:.4g}" for index in np.flatnonzero(chosen).tolist()]
        parts += [f"{OCR} {self.ocr:.4g}"] if self.takes_text[chosen].any() else []
        return f"{self.of(chosen):.4g} ms per image: {', '.join(parts)}"


def read_times(units: Sequence[Unit], pairs: Sequence[str] = ()) -> Times:
    """Read the times that the files of the units note; a group costs what its files cost together.

    Args:
        units: Models and groups of models.
        pairs: ``NAME=MS``, as on the command line: what a unit costs without reading text, or, as ``OCR=MS``, what
            reading costs. They replace what the files say. ``NAME=MS+OCR`` says as well that the unit takes text.

    Raises:
        UserError: An argument is no such pair, or names no unit; a unit has no time; or one takes text and nothing says
            what reading costs.
    """
    given = _parsed(pairs, [unit.name for unit in units])
    own, takes_text, reading = np.empty(len(units)), np.empty(len(units), bool), []
    for index, unit in enumerate(units):
        notes = [_note(read_source(file).details.get(MILLISECONDS), str(file)) for file in unit.files]
        known = [note for note in notes if note is not None]
        if len(known) < len(notes) and unit.name not in given:
            raise UserError(
                f"--limit-ms: {unit.files[notes.index(None)]} does not say how long an image takes; predict with "
                f"tools/inference.py --save-probs, or give --times {unit.name}=MS"
            )
        own[index], takes_text[index] = given.get(unit.name, (sum(note["predict"] for note in known), False))
        takes_text[index] |= any(note["takes_text"] for note in known)
        reading += [note["ocr"] for note in known if note["ocr"] is not None]
    if takes_text.any() and OCR not in given and not reading:
        name = units[int(takes_text.argmax())].name
        raise UserError(
            f"--limit-ms: {name} takes text, and no file says how long reading takes, as it was read before; give "
            f"--times {OCR}=MS, with 0 where text is there anyway"
        )
    ocr = given[OCR][0] if OCR in given else max(reading, default=0.0)
    return Times([unit.name for unit in units], own, takes_text, ocr)


def _parsed(pairs: Sequence[str], names: Sequence[str]) -> dict[str, tuple[float, bool]]:
    """Return of each name the milliseconds, and whether text is taken besides."""
    times: dict[str, tuple[float, bool]] = {}
    for pair in pairs:
        name, _, text = pair.rpartition("=")
        number = text.removesuffix(f"+{OCR}")
        try:
            time = float(number)
        except ValueError:
            time = math.nan
        if not name or not 0 <= time < math.inf or (time == 0 and name != OCR):
            raise UserError(
                f"--times {pair}: expected NAME=MS with a number above 0, such as image=12.5, fused=15+{OCR}, {OCR}=80"
            )
        if name not in (*names, OCR):
            raise UserError(f"--times: there is no {name!r}; the models and groups are {', '.join(names)}, and {OCR}")
        if name in times:
            raise UserError(f"--times: {name} has two times; give one")
        times[name] = time, number != text
    return times


def _note(note: Any, file: str) -> Mapping[str, Any] | None:
    """Check what a file notes, which may come from a stranger."""
    if note is None:
        return None
    is_note = isinstance(note, Mapping) and isinstance(note.get("takes_text"), bool)
    numbers = [note.get("predict"), note.get("ocr") or 0] if is_note else [None]
    if not all(isinstance(number, int | float) and 0 <= number < math.inf for number in numbers) or not numbers[0]:
        raise UserError(f"{file}: notes no times that can be read; predict again with tools/inference.py --save-probs")
    return {"predict": note["predict"], "ocr": note.get("ocr"), "takes_text": note["takes_text"]}
