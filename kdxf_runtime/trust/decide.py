"""Which predictions to accept, as a user asks for it: by the share that is right, or that a person sees."""

from dataclasses import replace
from pathlib import Path

from kdxf_runtime.errors import UserError
from kdxf_runtime.predictions import Columns
from kdxf_runtime.trust.back_off import BackOff
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.routing import Routing
from kdxf_runtime.trust.selective import Accepted


def check_shares(precision: float | None, review: float | None) -> None:
    """Check what a user asks for.

    Args:
        precision: The share of the accepted predictions that is to be right, from 0 to 1.
        review: The share of the images that a person is to see, from 0 to 1.

    Raises:
        UserError: A share is out of its range, or both are given.
    """
    for option, share in (("--precision", precision), ("--review", review)):
        if share is not None and not 0 <= share <= 1:
            raise UserError(f"{option} {share:g}: give a share from 0 to 1")
    if precision is not None and review is not None:
        raise UserError("--precision and --review: each decides which predictions are accepted; give one of them")


def decide(
    calibration: Calibration | None,
    where: str | Path,
    precision: float | None,
    review: float | None,
    with_set: bool = False,
    back_off: bool = False,
) -> Accepted | BackOff | None:
    """Find the least score to accept; None where nothing is to be decided.

    Args:
        calibration: What the scores mean; None where that is not known.
        where: The checkpoint or the bundle, for messages.
        precision: As of :func:`check_shares`.
        review: The same.
        with_set: Whether sets of classes are asked for as well.
        back_off: Whether the parent answers where the class is not sure enough.

    Raises:
        UserError: Something needs a calibration or a class tree and there is none, or no score gives the precision.
    """
    if back_off and precision is None:
        raise UserError("--back-off: needs --precision, the share of the answers that is to be right")
    options = {"--precision": precision is not None, "--review": review is not None, "--with-set": with_set}
    wanted = [option for option, is_wanted in options.items() if is_wanted]
    if not wanted:
        return None
    if calibration is None:
        raise UserError(f"{wanted[0]}: {where} has no calibration for this; make one with kdxf calibrate")
    if precision is not None and back_off:
        return calibration.back_off(precision)
    if precision is not None:
        return calibration.for_precision(precision)
    return None if review is None else calibration.for_budget(review)


def with_decisions(
    columns: Columns,
    calibration: Calibration | None,
    routing: Routing | None,
    where: str | Path,
    precision: float | None,
    review: float | None,
) -> tuple[Columns, Accepted | BackOff | None, Accepted | BackOff | None]:
    """Add what is decided to the columns of a table.

    Args:
        columns: The columns.
        calibration: What the scores mean; None where that is not known.
        routing: Which images need their text read; None where all are read.
        where: The checkpoint or the bundle, for messages.
        precision: As of :func:`check_shares`.
        review: The same.

    Returns:
        The columns, and what is accepted of images whose text was given, and of those that the routing decided on.

    Raises:
        UserError: As of :func:`decide`.
    """
    accepted = decide(calibration, where, precision, review, columns.with_set, columns.back_off)
    routed = None
    if routing is not None:
        routed = decide(routing.calibration, where, precision, review, columns.with_set, columns.back_off)
    columns = replace(
        columns,
        threshold=None if accepted is None else accepted.threshold,
        routed_threshold=None if routed is None else routed.threshold,
        with_text=routing is not None,
        parents=accepted if isinstance(accepted, BackOff) else None,
        routed_parents=routed if isinstance(routed, BackOff) else None,
    )
    return columns, accepted, routed


def expected(
    accepted: Accepted | BackOff | None, routed: Accepted | BackOff | None, by_routing: int, count: int
) -> str | None:
    """Say what is expected of the predictions that are accepted; given texts and routed images are two systems.

    Args:
        accepted: Of images whose text was given, or is read in any case.
        routed: Of images of which a routing decided whether their text is read.
        by_routing: The number of the latter.
        count: The number of all.
    """
    if accepted is None:
        return None
    if not by_routing:
        return str(accepted)
    if by_routing == count:
        return str(routed)
    return f"where the text was given, {accepted}; elsewhere, {routed}"
