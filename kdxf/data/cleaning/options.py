"""What may be chosen when suspects are looked for; nothing heavy is imported, so that a parser may use it."""

from dataclasses import dataclass

RULES = ("improbable", "reliable")
PREFILLS = ("drop", "relabel")


@dataclass(frozen=True)
class Options:
    """How to judge.

    Attributes:
        rule: One of :data:`RULES`.
        min_score: See :func:`kdxf.data.cleaning.rules.improbable`.
        accuracy: See :func:`kdxf.data.cleaning.rules.reliable`.
        prefill: The decision suggested for a label taken for wrong, one of :data:`PREFILLS`.
        only: A pattern such as ``aug_*``; only rows whose path or file name has this form are judged.
        partial: Whether rows without predictions are left as they are; by default they are an error.
        seed: Says which row stays of a class that would lose all.
    """

    rule: str = "improbable"
    min_score: float = 0.05
    accuracy: float = 0.92
    prefill: str = "drop"
    only: str | None = None
    partial: bool = False
    seed: int = 0
