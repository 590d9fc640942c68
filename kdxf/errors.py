"""Exceptions for errors that the user can fix."""

from kdxf_runtime.errors import UserError

__all__ = ["DivergedError", "UserError"]


class DivergedError(UserError):
    """A training whose loss or weights are NaN or infinite was stopped."""
