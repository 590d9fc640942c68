"""Exceptions for errors that the user can fix."""


class UserError(ValueError):
    """Bad input: the message names the file or option, says what is wrong and what to do, in one line.

    The tools print it without a traceback and exit with status 2 (:mod:`kdxf.cli.command`).
    """


class DivergedError(UserError):
    """A training whose loss or weights are NaN or infinite was stopped."""
