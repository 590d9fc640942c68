"""Training from tar shards compared with training from files: images/s in random order, and what an index costs.

    python benchmarks/shard_reading.py --root PATH [--images N] [--members N]

``--root`` is a folder of photographs. Some of them are copied into a temporary folder, as files and as two shards, and
read in the same random order: bytes alone, and decoded as training does (``LoadImage``). Both are in the cache of the
system, so that the cost of the code is seen and not that of the disk. Then a shard of many tiny members is indexed.

Measured on a shared Xeon core (load 5), 500 photographs of 348 px: bytes 60,447 images/s from files and 38,590 from
shards, decoded 1,990 and 1,834; an index of 200,000 members in 15.8 s (12,688 members/s).
"""

import argparse
import io
import random
import resource
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from kdxf_runtime.io.folders import list_images
from kdxf_runtime.io.images import read_file
from kdxf_runtime.io.shard_members import prepare, read_member
from kdxf_runtime.steps.images import LoadImage

ROUNDS = 5


def rate(read: Callable[[str], object], paths: list[str]) -> float:
    """Return reads per second, the best of some rounds."""
    best = 0.0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for path in paths:
            read(path)
        best = max(best, len(paths) / (time.perf_counter() - start))
    return best


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, type=Path, help="folder of photographs")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--members", type=int, default=200_000)
    args = parser.parse_args()
    cv2.setNumThreads(0)
    names = list_images(args.root)
    random.Random(0).shuffle(names)
    with tempfile.TemporaryDirectory() as folder:
        paths: dict[str, list[str]] = {"files": [], "shards": []}
        for index, name in enumerate(names[: args.images]):
            data = (args.root / name).read_bytes()
            file = Path(folder, "files", name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            shard = Path(folder, f"{index % 2}.tar")
            with tarfile.open(shard, "a") as archive:
                archive.add(file, name)
            paths["files"].append(str(file))
            paths["shards"].append(f"{shard}/{name}")
        prepare(paths["shards"])
        load = LoadImage(min_edge=256)
        for what, read in (("bytes", read_file), ("decoded", lambda path: load.transform({"img_path": path}))):
            rates = {kind: rate(read, found) for kind, found in paths.items()}
            print(f"{what}: {rates['files']:.0f} images/s from files, {rates['shards']:.0f} from shards")
        _index(Path(folder, "many.tar"), args.members)


def _index(shard: Path, members: int) -> None:
    with tarfile.open(shard, "w") as archive:
        for index in range(members):
            member = tarfile.TarInfo(f"class {index % 1000:04}/{index:09}.jpg")
            member.size = 1
            archive.addfile(member, io.BytesIO(b"x"))
    start = time.perf_counter()
    prepare([f"{shard}/x.jpg"])
    seconds = time.perf_counter() - start
    if read_member(shard, "class 0007/000000007.jpg") != b"x":
        raise RuntimeError("the index does not lead to the member")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"index of {members} members: {seconds:.1f} s, {members / seconds:.0f} members/s, 24 bytes each")
    print(f"peak memory while indexing: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
