"""Opening of ``.npy`` files, which may come from a stranger: mapped into memory, never unpickled, of a known shape."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.lib import format as npy


def open_array(path: Path, shape: Sequence[int | None], dtypes: Sequence[str]) -> np.ndarray:
    """Map an array into memory.

    A file takes no memory beyond what is read of it, whatever its header says.

    Args:
        path: The ``.npy`` file.
        shape: The expected length of each axis; None for any.
        dtypes: The names of the types that it may have, such as ``float32``; ``S64`` for texts of 64 bytes.

    Returns:
        The array, read-only; a plain view of the mapping, which is several times faster to index than a ``np.memmap``.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no such array; the message names the file without its folder.
    """
    try:
        array = npy.open_memmap(path, mode="r").view(np.ndarray)
    except OSError:
        raise
    except Exception as error:  # a broken header can raise nearly anything in NumPy's parser
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path.name} is no whole NumPy file: {reason}") from error
    if array.dtype.kind not in "biufS" or array.dtype not in [np.dtype(name) for name in dtypes]:
        raise ValueError(f"{path.name} holds {array.dtype}, not {' or '.join(dtypes)}")
    if array.ndim != len(shape) or any(
        wanted is not None and length != wanted for length, wanted in zip(array.shape, shape, strict=True)
    ):
        expected = " x ".join("any" if wanted is None else str(wanted) for wanted in shape)
        raise ValueError(f"{path.name} has the shape {array.shape}, not {expected}")
    return array


def check_finite(array: np.ndarray, name: str, rows: int = 1 << 16) -> None:
    """Check that an array of numbers holds neither NaN nor infinity, some rows at a time.

    Raises:
        ValueError: It does; names the file and the row.
    """
    for start in range(0, len(array), rows):
        finite = np.isfinite(array[start : start + rows]).reshape(len(array[start : start + rows]), -1).all(axis=1)
        if not finite.all():
            raise ValueError(f"{name} is NaN or infinite in row {start + int(finite.argmin())}")
