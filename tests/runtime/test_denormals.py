import subprocess
import sys

SCRIPT = """
import warnings
import numpy as np
from kdxf_runtime.denormals import flush_denormals
warnings.simplefilter("error")
tiny = np.full(8, 1e-40, np.float32)
assert (tiny * np.float32(1.0)).all()
flush_denormals()
assert not (tiny * np.float32(1.0)).any()
assert np.float32(1e-37) * np.float32(1.0) > 0 and np.finfo(np.float32).eps == np.float32(2.0**-23)
flush_denormals()
print("flushed")
"""


def test_numbers_next_to_zero_count_as_zero():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)  # once per process
    assert (done.stdout, done.stderr) == ("flushed\n", "")
