"""What :mod:`kdxf_runtime` warns of goes to the log of the run, as all that kdxf says."""

import logging

from kdxf_runtime.log import LOG


class ToRunLog(logging.Handler):
    """Handler that passes messages on to the current logger of MMEngine."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a message on."""
        from mmengine.logging import print_log  # loads a second's worth of modules

        print_log(record.getMessage(), logger="current", level=record.levelno)


def forward_warnings() -> None:
    """Forward what the runtime warns of, once."""
    if not any(isinstance(handler, ToRunLog) for handler in LOG.handlers):
        LOG.addHandler(ToRunLog())
        LOG.propagate = False
