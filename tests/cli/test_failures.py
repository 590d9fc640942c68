import errno
import os

import pytest
import torch

from kdxf.cli.failures import describe


def test_faults_of_the_library_are_not_described():
    for error in (ZeroDivisionError(), OSError(errno.EINVAL, "Invalid argument"), RuntimeError("shape mismatch")):
        assert describe(error) is None
    with pytest.raises(UnicodeEncodeError) as raised:
        "é".encode("ascii")
    assert describe(raised.value) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [("image\na/b\udcb9.jpg,1\nc.jpg", "'a/b\\udcb9.jpg'"), ("x" * 100 + "\udcb9", "'" + "x" * 60 + "\\udcb9'")],
)
def test_a_name_that_is_no_text(text, name):
    with pytest.raises(UnicodeEncodeError) as raised:
        text.encode()
    assert describe(raised.value) == f"the name {name} is not valid UTF-8: rename the file"


def test_files():
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a.pth")
    assert describe(error) == "a.pth: No space left on device; make room there, or write elsewhere"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (
            "DataLoader worker (pid 12) is killed by signal: Killed. ",
            "a loader worker (process 12) was killed (Killed), often because the memory ran out: set fewer workers or",
        ),
        (
            "DataLoader worker (pid(s) 12, 13) exited unexpectedly",
            "a loader worker (process 12, 13) was killed (without a signal), often because the memory ran out: ",
        ),
        (
            "DataLoader worker (pid 12) is killed by signal: Bus error. It is possible that dataloader's workers are "
            "out of shared memory. Please try to raise your shared memory limit.",
            "no space in shared memory (/dev/shm), through which loader workers hand over batches: set num_workers=0 ",
        ),
        (
            "Caught RuntimeError in DataLoader worker process 0.\nRuntimeError: unable to allocate shared memory(shm) "
            "for file </torch_32635_1624760009_0>: No space left on device (28)",
            "no space in shared memory (/dev/shm)",
        ),
    ],
)
def test_loader_workers(text, start):
    assert describe(RuntimeError(text)).startswith(start)


def test_other_workers_and_the_gpu():
    from concurrent.futures.process import BrokenProcessPool

    assert describe(BrokenProcessPool("terminated abruptly")).startswith("a worker process was killed, often because")
    assert describe(torch.OutOfMemoryError("CUDA out of memory")).startswith(
        "the GPU has too little memory: set a smal"
    )
