"""The logger of what a user should know though it is no error; kdxf passes it on to the log of a run."""

import logging

LOG = logging.getLogger("kdxf_runtime")
