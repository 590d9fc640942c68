"""Exceptions for errors that the user can fix."""


class UserError(ValueError):
    """Bad input: the message names the file or option, says what is wrong and what to do, in one line.

    The commands print it without a traceback and exit with status 2.
    """
