"""The recall and speed of the search for duplicates: planted copies, and pairs of random hashes.

    python benchmarks/workshop_duplicates.py data/grocery/train.csv --root data/grocery/images [--hashes 100000]

Plants copies of photographs of a list in a temporary folder: the same bytes (25), the same pixels as PNG (5), and 5
each of compressed at quality 60 to 90, scaled to 0.5 to 0.9, cropped by 2 to 5 % on some sides, 10 % brighter or
darker, written on, mirrored. Prints how many are found, and which other groups there are: look at those.

Measured on two Intel Xeon cores that other work shared, on 2,640 photographs of groceries, seeds 0, 1 and 2: 179 of 180
copies found (one of 15 crops is missed), in 5 s with the reading; the two other groups are pairs of photographs of one
scene. 100,000 random hashes: 1.2 s.
"""

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from kdxf.data.duplicates.find import find_duplicates
from kdxf.data.duplicates.pairs import RADIUS, hamming_pairs
from kdxf.data.lists import ImageList, read_list
from kdxf_runtime.io.images import read_image

EDITS = ("compressed", "scaled", "cropped", "brightness", "text", "mirror")
KINDS = {"bytes": 25, "pixels": 5} | dict.fromkeys(EDITS, 5)


def edited(image: np.ndarray, kind: str, random: np.random.Generator) -> np.ndarray:
    """Make one edit of an image, uint8 (H, W, 3)."""
    height, width = image.shape[:2]
    if kind == "scaled":
        factor = random.uniform(0.5, 0.9)
        return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    if kind == "cropped":
        share = random.uniform(0.02, 0.05) * np.append(1, random.random(3) < 0.7)
        top, left, bottom, right = (share * (height, width, height, width)).round().astype(int)
        return image[top : height - bottom, left : width - right]
    if kind == "brightness":
        return (image * random.choice([0.9, 1.1])).clip(0, 255).astype(np.uint8)
    if kind == "text":
        place = (int(random.uniform(0, 0.3) * width), int(random.uniform(0.1, 0.95) * height))
        return cv2.putText(image.copy(), "shop.example", place, cv2.FONT_HERSHEY_SIMPLEX, width / 435, (255,) * 3, 2)
    return image[:, ::-1] if kind == "mirror" else image


def plant(source: ImageList, folder: Path, random: np.random.Generator) -> pd.DataFrame:
    """Write the copies; return one row each: ``image``, ``original``, ``kind``."""
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    originals = random.choice(source.frame["image"], len(kinds), replace=False)
    names = [f"{number}.{'png' if kind == 'pixels' else 'jpg'}" for number, kind in enumerate(kinds)]
    for name, original, kind in zip(names, originals, kinds, strict=True):
        data = (source.root / original).read_bytes()
        if kind != "bytes":
            quality = random.integers(60, 91) if kind == "compressed" else 92
            copy = edited(read_image(source.root / original), kind, random)
            options = [] if kind == "pixels" else [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
            data = cv2.imencode(Path(name).suffix, copy, options)[1].tobytes()
        (folder / name).write_bytes(data)
    return pd.DataFrame({"image": names, "original": originals, "kind": kinds})


def measure_planted(source: ImageList, seed: int, workers: int) -> None:
    """Print how many of the copies are found."""
    with tempfile.TemporaryDirectory() as name:
        planted = plant(source, Path(name), np.random.default_rng(seed))
        start = time.perf_counter()
        found = find_duplicates([source, read_list(Path(name))], workers, mirrored=True).groups
        seconds = time.perf_counter() - start
    group = found.set_index("image")["group"]
    hit = planted["image"].map(group).eq(planted["original"].map(group))
    print(f"{len(source.frame)} images and {len(planted)} copies in {seconds:.0f} s; found of each kind:")
    print(hit.groupby(planted["kind"], sort=False).agg(["sum", "count"]).to_string(header=False))
    known = set(planted["image"]) | set(planted["original"])
    others = found[~found["image"].isin(known)].groupby("group")["image"].apply(", ".join)
    print(f"{len(others)} groups with other images", *others, sep="\n  ")


def main() -> None:
    """Plant copies and search for them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", type=Path)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--hashes", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    measure_planted(read_list(args.list, args.root), args.seed, args.workers)
    hashes = np.random.default_rng(args.seed).integers(0, 2**64, args.hashes, dtype=np.uint64)
    start = time.perf_counter()
    pairs = len(hamming_pairs(hashes, hashes, RADIUS)[0])
    print(f"{args.hashes} random hashes, radius {RADIUS}: {pairs} pairs in {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
