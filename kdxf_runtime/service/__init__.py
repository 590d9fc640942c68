"""A bundle as an HTTP service: ``kdxf serve BUNDLE``, or ``python -m kdxf_runtime.service BUNDLE`` without kdxf."""
