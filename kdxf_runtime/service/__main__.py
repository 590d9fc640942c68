"""``python -m kdxf_runtime.service BUNDLE``: the service without kdxf."""

import sys

from kdxf_runtime.service.cli import main

if __name__ == "__main__":  # spawned workers import this file
    sys.exit(main())
