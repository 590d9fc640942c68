"""Names of files in text that is UTF-8. Linux allows any bytes in a name, such as GBK from a zip."""

NOT_UTF8 = "backslashreplace"
"""What Python's encoders do with such bytes, which come as lone surrogates: 0xb9 is written as ``\\udcb9``."""


def in_utf8(text: str) -> str:
    """Gives text that UTF-8 can hold, with other bytes of file names in it written as :data:`NOT_UTF8` says."""
    return text.encode(errors=NOT_UTF8).decode()
