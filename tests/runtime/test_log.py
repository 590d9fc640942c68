import subprocess
import sys


def test_without_kdxf_a_warning_goes_to_standard_error(repo):
    code = "from kdxf_runtime.log import LOG; LOG.warning('12 .psd are left out')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=repo)
    assert (done.stdout, done.stderr) == ("", "12 .psd are left out\n")
