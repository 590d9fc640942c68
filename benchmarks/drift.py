"""False alarms of the comparison of data, and how often planted drift is found.

    python benchmarks/drift.py data/grocery --lists val.csv train.csv --checks 1000 --read 150

Every list is an annotation file of ROOT, whose pictures lie in ROOT/images and whose text is in ROOT/ocr. --predictions
adds files of predictions (tools/test.py --out NAME.parquet) of pictures in the lists, so that scores are compared too.

- Honest: --checks times a list is cut into two random halves. One is the fingerprint (its first 300 pictures), of the
  other N pictures are compared with it. Any statistic that has changed is a false alarm.
- Blurred: the same with --read pictures of the first list blurred (Gaussian, sigma 0.5 % of the longer side), against a
  fingerprint of the other ones.
- Other OCR setting: the same with --read pictures whose text is read anew, enlarged to --min-side pixels in place of
  the table's setting. The engine's name tells it at the first picture; what is counted is whether the text alone does.

docs/benchmarks.md has the figures.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from word_vectors import machine

from kdxf.evaluation.drift.changes import describe_changes, find_changes
from kdxf.evaluation.drift.fingerprint import MOST, Fingerprint, take_fingerprint
from kdxf.io.annotations import read_annotations
from kdxf.io.predictions import read_predictions
from kdxf.text.ocr.build import build_engine
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.io.images import read_image
from kdxf_runtime.ocr.record import OCRRecord, read_text

SIZES = (30, 60, 150, 300)


def joined(parts: Sequence[Fingerprint]) -> Fingerprint:
    """Join the fingerprints of single images."""
    engines: dict[str, int] = {}
    for part in parts:
        for name in part.engines:
            engines[name] = engines.get(name, 0) + 1
    names = dict.fromkeys(name for part in parts for name in part.values)
    values = {
        name: np.sort(np.concatenate([part.values[name] for part in parts if name in part.values])) for name in names
    }
    return Fingerprint(len(parts), engines, values)


def alarms(
    before: Sequence[Fingerprint], now: Sequence[Fingerprint], size: int, checks: int, random: np.random.Generator
) -> float:
    """Return the share of checks that find a change; where both are the same images, of disjoint halves of them."""
    found = 0
    for _ in range(checks):
        if before is now:
            order = random.permutation(len(now))
            old, new = order[: len(order) // 2][:MOST], order[len(order) // 2 :][:size]
        else:
            old, new = random.permutation(len(before))[:MOST], random.permutation(len(now))[:size]
        found += bool(find_changes(joined([before[i] for i in old]), joined([now[i] for i in new])))
    return found / checks


def blur(source: Path, target: Path) -> None:
    """Write a blurred copy of a picture."""
    pixels = read_image(source)
    cv2.imwrite(str(target), cv2.GaussianBlur(pixels, (0, 0), 0.005 * max(pixels.shape[:2])))


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--lists", nargs="+", default=["val.csv", "train.csv"])
    parser.add_argument("--predictions", nargs="+", default=[], type=Path)
    parser.add_argument("--checks", type=int, default=1000)
    parser.add_argument("--read", type=int, default=150, help="pictures that are blurred, and whose text is read anew")
    parser.add_argument("--min-side", type=int, default=400)
    parser.add_argument("--work", type=Path, default=Path("work_dirs/drift"), help="folder of the blurred pictures")
    return parser.parse_args()


def main() -> None:
    """Print the shares of alarms."""
    args = parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    print(machine())
    random, table = np.random.default_rng(0), OCRTable.open(args.root / "ocr")
    scores = {
        image: row
        for found in map(read_predictions, args.predictions)
        for image, row in zip(found.images, found.scores, strict=True)
    }

    def text_of(image: str) -> OCRRecord:
        (row,) = table.rows_of([image])
        return OCRRecord.empty(image) if row < 0 else table.record(int(row))

    def measured(image: str, path: Path, record: OCRRecord) -> Fingerprint:
        return take_fingerprint([(str(path), record, scores.get(image))])

    measures, images = [], []
    for name in args.lists:
        start = time.perf_counter()
        images.append(read_annotations(args.root / name)["image"].tolist())
        folder = args.root / "images"
        measures.append([measured(image, folder / image, text_of(image)) for image in images[-1]])
        each = 1000 * (time.perf_counter() - start) / len(images[-1])
        print(f"{name}: {len(images[-1])} pictures, {each:.1f} ms each")
        print(f"  {', '.join(joined(measures[-1]).values)}")

    print(f"{'pictures compared':40s}" + "".join(f"{size:8d}" for size in SIZES))

    def show(title: str, before: Sequence[Fingerprint], now: Sequence[Fingerprint], checks: int) -> None:
        most = len(now) // 2 if before is now else len(now)
        shares = [alarms(before, now, size, checks, random) if size <= most else None for size in SIZES]
        print(f"{title:40s}" + "".join(f"{'':>8s}" if s is None else f"{s:8.3f}" for s in shares), flush=True)

    for name, found in zip(args.lists, measures, strict=True):
        show(f"honest halves of {name}", found, found, args.checks)
    chosen = random.permutation(len(images[0]))
    changed, kept = chosen[: args.read], [measures[0][i] for i in chosen[args.read :]]
    show("as they are", kept, [measures[0][i] for i in changed], args.checks // 10)
    blurred, read_anew = [], []
    engine = build_engine({"type": "RapidOCREngine", "min_side": args.min_side})
    for i in changed:
        image, source = images[0][i], args.root / "images" / images[0][i]
        copy = args.work / "blurred.png"
        blur(source, copy)
        blurred.append(measured(image, copy, text_of(image)))
        read_anew.append(measured(image, source, read_text(engine, source, image)))
    show("blurred", kept, blurred, args.checks // 10)
    show(f"text read with min_side={args.min_side}, no name", kept, read_anew, args.checks // 10)
    print(f"blurred: {describe_changes(joined(kept), joined(blurred))}")
    print(f"read anew: {describe_changes(joined(kept), joined(read_anew))}")


if __name__ == "__main__":
    main()
