"""The kinds of papers, which are the classes: each has a layout, a topic and a mark."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of paper.

    Attributes:
        name: Name of the class.
        layout: ``'receipt'``, ``'letter'`` or ``'form'``; two kinds share each.
        mark: What most papers of this kind have at their foot; the rest have that of the other kind with this layout.
    """

    name: str
    layout: str
    mark: str


KINDS = (
    Kind("grocer's receipt", "receipt", "bars"),
    Kind("chemist's receipt", "receipt", "squares"),
    Kind("school letter", "letter", "seal"),
    Kind("landlord's letter", "letter", "signature"),
    Kind("travel form", "form", "photograph"),
    Kind("repair form", "form", "stamp"),
)
"""The topic of a kind is its index here."""


def other_mark(kind: Kind) -> str:
    """Return the mark of the other kind with this layout."""
    return next(other.mark for other in KINDS if other.layout == kind.layout and other.mark != kind.mark)
