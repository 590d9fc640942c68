"""The data tools one after the other: how many planted faults they find, and how long they take.

    python benchmarks/workshop_chain.py data/grocery/train.csv --root data/grocery/images --ocr data/grocery/ocr
    python benchmarks/workshop_chain.py data/grocery/train.csv --root data/grocery/images --images 100000

The first form plants 30 exact and 30 near duplicates (see workshop_duplicates.py), 20 broken files and 5 % wrong
labels, and runs verify, dedupe, kfold, clean, balance and stats. What the rules of clean find is in label_noise.py.

The second form makes that many pictures of 400 x 300 from random places of the photographs, and times verify, dedupe,
resize, kfold, balance and stats on them.

The results are in docs/data-tools.md.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from workshop_duplicates import plant

from kdxf.data.lists import ImageList, read_list
from kdxf.data.parallel import parallel_map
from kdxf.io.annotations import read_annotations, write_annotations, write_classes
from kdxf_runtime.io.images import read_image

REPOSITORY = Path(__file__).parents[1]
FOLDS = 3
BROKEN = {"truncated": 8, "empty": 4, "text": 4, "damaged": 4}
WRONG_LABELS = 0.05


def run(tool: str, *arguments: object) -> float:
    """Run a tool, print the last line of its output, and return its seconds."""
    start = time.perf_counter()
    command = [sys.executable, str(REPOSITORY / "tools" / tool), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{tool}: {done.stderr[-2000:]}")
    print(f"{tool:<16}{seconds:7.1f} s   {(done.stdout.strip().splitlines() or [''])[-1]}", flush=True)
    return seconds


def broken(data: bytes, kind: str, random: np.random.Generator) -> bytes:
    """Return a broken version of a file."""
    if kind == "truncated":
        return data[: len(data) * 2 // 3]
    if kind == "damaged":
        start = len(data) // 3
        return data[:start] + random.bytes(400) + data[start + 400 :]
    return b"" if kind == "empty" else b"<html>not found</html>"


def plant_all(source: ImageList, folder: Path, random: np.random.Generator) -> dict[str, set[str]]:
    """Make ``folder`` an image root with faults and write ``all.csv`` into it; return the planted faults."""
    for entry in filter(Path.is_dir, source.root.iterdir()):
        (folder / entry.name).symlink_to(entry.resolve())
    (folder / "copies").mkdir()
    (folder / "broken").mkdir()
    copies = plant(source, folder / "copies", random)
    label = source.frame.set_index("image")["label"]
    rows = [("copies/" + copies["image"]).to_frame("image").assign(label=copies["original"].map(label).to_numpy())]
    kinds = [kind for kind, count in BROKEN.items() for _ in range(count)]
    for number, (kind, image) in enumerate(zip(kinds, random.choice(label.index, len(kinds)), strict=True)):
        name = f"broken/{kind}_{number}.jpg"
        (folder / name).write_bytes(broken((source.root / image).read_bytes(), kind, random))
        rows.append(pd.DataFrame({"image": [name], "label": [label[image]]}))
    frame = source.frame[["image", "label"]].copy()
    wrong = random.choice(len(frame), round(WRONG_LABELS * len(frame)), replace=False)
    classes = np.array(sorted(set(label)))
    place = np.searchsorted(classes, frame["label"].iloc[wrong])
    other = (place + random.integers(1, len(classes), len(wrong))) % len(classes)
    frame.loc[frame.index[wrong], "label"] = classes[other]
    frame = pd.concat([frame, *rows], ignore_index=True)
    write_annotations(frame, folder / "all.csv")
    write_classes(classes, folder / "classes.txt")
    return {
        "broken": set(frame["image"][frame["image"].str.startswith("broken/")]),
        "copies": set("copies/" + copies["image"]),
        "originals": set(copies["original"]),
        "wrong": set(frame["image"].iloc[wrong]),
    }


def report(what: str, found: set[str], planted: set[str]) -> None:
    """Print how many of the planted faults were found, and how many others were reported."""
    hits, false = len(found & planted), len(found - planted)
    print(f"    {what}: {hits} of {len(planted)} found, {false} false alarms", flush=True)


def measure_faults(source: ImageList, ocr: Path, folder: Path, seed: int) -> None:
    """Plant faults, run the chain and print what was found."""
    planted = plant_all(source, folder, np.random.default_rng(seed))
    run("data/verify.py", folder / "all.csv", "--out", folder / "problems.csv", "--out-list", folder / "whole.csv",
        "--drop", "missing", "unreadable", "truncated", "damaged")  # fmt: skip
    whole = set(read_annotations(folder / "whole.csv")["image"])
    report("broken files", set(read_annotations(folder / "all.csv")["image"]) - whole, planted["broken"])
    run("data/dedupe.py", folder / "whole.csv", "--mirrored", "--out", folder / "groups.csv",
        "--out-lists", folder / "unique", "--conflicts", "keep", "--report", folder / "groups.html")  # fmt: skip
    grouped = set(read_annotations(folder / "groups.csv")["image"]) - planted["originals"]
    report("copies", grouped, planted["copies"] & whole)
    unique = folder / "unique" / "whole.csv"
    run("data/kfold.py", unique, "--root", folder, "--folds", FOLDS, "--lists", "--out", folder / "folds")
    still_wrong = planted["wrong"] & set(read_annotations(unique)["image"])
    run("data/clean.py", "find", unique, "--root", folder, "--out", folder / "suspects.csv", "--ocr", ocr,
        "--classes", folder / "classes.txt", "--features", folder / "features",
        "--report", folder / "suspects.html")  # fmt: skip
    suspects = pd.read_csv(folder / "suspects.csv")
    report("wrong labels", set(suspects["image"][suspects["decision"] != "keep"]), still_wrong)
    run("data/clean.py", "apply", unique, folder / "suspects.csv", "--out", folder / "clean.csv")
    run("data/balance.py", folder / "clean.csv", "--at-least", 30, "--out", folder / "balanced.csv")
    run("data/stats.py", folder / "balanced.csv", "--root", folder, "--ocr", ocr, "--report", folder / "stats.html")


def make_picture(folder: Path, root: Path, job: tuple[int, str]) -> None:
    """Write a random part of a photograph as a picture of 400 x 300."""
    number, image = job
    random = np.random.default_rng(number)
    pixels = read_image(root / image)
    height, width = (np.array(pixels.shape[:2]) * random.uniform(0.4, 0.9)).astype(int)
    top, left = random.integers(0, pixels.shape[0] - height + 1), random.integers(0, pixels.shape[1] - width + 1)
    place = cv2.resize(pixels[top : top + height, left : left + width], (400, 300), interpolation=cv2.INTER_LINEAR)
    cv2.imwrite(str(folder / f"{number % 1000:03d}" / f"{number}.jpg"), place, [cv2.IMWRITE_JPEG_QUALITY, 85])


def measure_time(source: ImageList, count: int, folder: Path, workers: int) -> None:
    """Make many pictures and time the chain."""
    images = folder / "images"
    for number in range(1000):
        (images / f"{number:03d}").mkdir(parents=True)
    jobs = [(number, source.frame["image"].iloc[number % len(source.frame)]) for number in range(count)]
    for _ in parallel_map(partial(make_picture, images, source.root), jobs, workers, "make", "picture"):
        pass
    names = [f"{number % 1000:03d}/{number}.jpg" for number in range(count)]
    labels = [source.frame["label"].iloc[number % len(source.frame)] for number in range(count)]
    write_annotations(pd.DataFrame({"image": names, "label": labels}), folder / "all.csv")
    root = ["--root", images]
    seconds = run("data/verify.py", folder / "all.csv", *root, "--out-list", folder / "whole.csv")
    seconds += run("data/dedupe.py", folder / "whole.csv", *root, "--out", folder / "groups.csv",
                   "--out-lists", folder / "unique", "--conflicts", "keep")  # fmt: skip
    unique = folder / "unique" / "whole.csv"
    seconds += run("data/resize.py", unique, *root, "--edge", 200, "--out", folder / "small")
    seconds += run("data/kfold.py", unique, *root, "--out", folder / "folds", "--groups", folder / "groups.csv")
    seconds += run("data/balance.py", unique, "--cap", 1000, "--at-least", 500, "--out", folder / "balanced.csv")
    seconds += run("data/stats.py", unique, "--root", folder / "small", "--report", folder / "stats.html")
    print(f"{count} images: {seconds / 60:.1f} minutes")


def main() -> None:
    """Run one of the two measurements in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", type=Path, help="labelled photographs")
    parser.add_argument("--root", type=Path)
    parser.add_argument("--ocr", type=Path, help="their OCR table")
    parser.add_argument("--images", type=int, help="time the chain on so many pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder for the results, instead of a temporary one")
    args = parser.parse_args()
    source = read_list(args.list, args.root, labels=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        if args.images:
            measure_time(source, args.images, folder, args.workers)
        elif args.ocr:
            measure_faults(source, args.ocr, folder, args.seed)
        else:
            parser.error("give --ocr, or --images")


if __name__ == "__main__":
    main()
