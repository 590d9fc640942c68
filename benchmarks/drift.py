r"""False alarms of the comparison of data, and how often planted drift is found.

    python benchmarks/drift.py data/grocery --lists val.csv train.csv --checks 1000 --read 150

Every list is an annotation file of ROOT, whose pictures lie in ROOT/images (--images) and whose text is in ROOT/ocr.
--model CONFIG CHECKPOINT predicts the pictures, so that scores (not calibrated), joint feature and gates are compared
too. --predictions adds scores alone, from files of tools/test.py --out NAME.parquet.

- Honest: --checks times a list is cut into two random halves. One is the fingerprint (its first 300 pictures), of the
  other N pictures are compared with it. Any statistic that has changed is a false alarm.
- Blurred: the same with --read pictures of the first list blurred (Gaussian, sigma 0.5 % of the longer side), against a
  fingerprint of the other ones.
- Turned: the same with the pictures turned upside down, their text as it was. Nothing that is measured of a picture
  changes, only what a model makes of it.
- Classes alone: the pictures of a third of the classes against a fingerprint of other pictures of all classes, a third
  of the first list; each check takes another one.
- Text of others: the same as Turned with each picture's text taken from another one of them; needs a model.
- Other OCR setting: the same with --read pictures whose text is read anew, enlarged to --min-side pixels in place of
  the table's setting. The engine's name tells it at the first picture; what is counted is whether the text alone does.

With a model each change is counted a second time without joint feature and gates.

docs/benchmarks.md has the figures of data/grocery. Those of data/demo, on two cores that other work shared, by

    python benchmarks/drift.py data/demo --images . --lists val.csv train.csv --checks 500 --read 84 \
        --model work_dirs/gated.py work_dirs/gated/epoch_30.pth

with this config, trained for 30 epochs (97.0 % top-1 on val.csv):

    _base_ = "../configs/demo/moe_lite2_frozen.py"
    fusion = dict(type="GatedFusion", image_channels=1280, text_channels=512, out_channels=256)
    head = dict(type="MoEClsHead", in_channels=256, hidden_channels=256, dropout=0.3, num_classes=12)
    model = dict(fusion=fusion, head=dict(_delete_=True, loss=dict(type="CrossEntropyLoss"), **head))
    optim_wrapper = dict(optimizer=dict(lr=1e-3))
    train_cfg = dict(max_epochs=30)
    work_dir = "work_dirs/gated"

========================================= ===== ===== ===== ========================================
pictures compared                            30    60   150 at 60, without joint feature and gates
========================================= ===== ===== ===== ========================================
honest halves of val.csv (168)            0.026 0.026
honest halves of train.csv (480)          0.018 0.024 0.010
84 of val.csv as they are                 0.00  0.02        0.00
blurred                                   1.00  1.00        1.00
turned                                    0.04  0.00        0.00
text of others                            0.72  1.00        1.00
text read again with the table's setting  0.00  0.00        0.00
========================================= ===== ===== ===== ========================================

A third of the classes alone (about 37 pictures): 0.94, 0.50 and 1.00 for the three thirds; without joint feature and
gates 0.52, 0.32 and 0.12. Where scores fall, as with the text of others, they say so themselves. Pictures turned upside
down are not found: the features of the frozen backbone hardly differ.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from word_vectors import machine

from kdxf.evaluation.drift.response import watching
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.inputs import InputTexts
from kdxf.io.annotations import read_annotations
from kdxf.io.predictions import read_predictions
from kdxf.text.ocr.build import build_engine
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.drift.changes import Change, describe_changes, find_changes
from kdxf_runtime.drift.fingerprint import MOST, Fingerprint, measure_features, take_fingerprint
from kdxf_runtime.drift.response import Response
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.io.images import read_image
from kdxf_runtime.ocr.record import OCRRecord, read_text

SIZES = (30, 60, 150, 300)


@dataclass(frozen=True)
class Measured:
    """An image by itself: its statistics, and what the model made of it."""

    alone: Fingerprint
    response: Response | None


def joined(parts: Sequence[Measured], like: Fingerprint | None = None, new: bool = True) -> Fingerprint:
    """Join single images to a fingerprint, to be compared with ``like``; without ``new`` as it was before the gates."""
    engines = Counter(name for part in parts for name in part.alone.engines)
    names = dict.fromkeys(name for part in parts for name in part.alone.values)
    values = {
        name: np.sort(np.concatenate([part.alone.values[name] for part in parts if name in part.alone.values]))
        for name in names
        if new or not name.startswith("gate of")
    }
    heard = [part.response for part in parts if part.response is not None and part.response.features]
    if not heard or not new:
        return Fingerprint(len(parts), engines, values)
    features = {name: np.stack([one.features[name] for one in heard]) for name in heard[0].features}
    moments, distances = measure_features(features, like)
    return Fingerprint(len(parts), engines, values | distances, moments)


def changes(before: Sequence[Measured], now: Sequence[Measured], new: bool = True) -> list[Change]:
    """Compare images."""
    old = joined(before, new=new)
    return find_changes(old, joined(now, old, new))


def alarms(
    before: Sequence[Measured],
    now: Sequence[Measured],
    size: int,
    checks: int,
    random: np.random.Generator,
    new: bool = True,
) -> float:
    """Return the share of checks that find a change; where both are the same images, of disjoint halves of them."""
    found = 0
    for _ in range(checks):
        if before is now:
            order = random.permutation(len(now))
            old, compared = order[: len(order) // 2][:MOST], order[len(order) // 2 :][:size]
        else:
            old, compared = random.permutation(len(before))[:MOST], random.permutation(len(now))[:size]
        found += bool(changes([before[i] for i in old], [now[i] for i in compared], new))
    return found / checks


def class_alarms(
    images: Sequence[Measured], labels: np.ndarray, group: Sequence[str], checks: int, new: bool = True
) -> float:
    """Return the share of checks that find a change in pictures of some classes, against others of all classes."""
    random, found = np.random.default_rng(0), 0
    for _ in range(checks):
        order = random.permutation(len(images))
        old, rest = order[: len(order) // 3], order[len(order) // 3 :]
        now = rest[np.isin(labels[rest], group)]
        found += bool(changes([images[i] for i in old], [images[i] for i in now], new))
    return found / checks


def blur(source: Path, target: Path) -> None:
    """Write a blurred copy of a picture."""
    pixels = read_image(source)
    cv2.imwrite(str(target), cv2.GaussianBlur(pixels, (0, 0), 0.005 * max(pixels.shape[:2])))


def turn(source: Path, target: Path) -> None:
    """Write a copy of a picture that is upside down."""
    cv2.imwrite(str(target), cv2.rotate(read_image(source), cv2.ROTATE_180))


def predict(inferencer: KDXFInferencer, paths: Sequence[Path], records: Sequence[OCRRecord]) -> list[Response]:
    """Run the model on pictures and keep what it makes of all of them."""
    images = [InputImage(str(path), str(path), str(path)) for path in paths]
    texts = InputTexts(images, records.__getitem__) if inferencer.needs_text else None
    with watching(inferencer.model, range(len(images))) as found:
        for _ in inferencer.predict(images, texts):
            pass
    return [found[index] for index in range(len(images))]


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--lists", nargs="+", default=["val.csv", "train.csv"])
    parser.add_argument("--images", default="images", help="folder of the pictures in ROOT")
    parser.add_argument("--model", nargs=2, metavar=("CONFIG", "CHECKPOINT"))
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

    inferencer = None if args.model is None else KDXFInferencer(*args.model)
    folder = args.root / args.images

    def measured(names: Sequence[str], paths: Sequence[Path], records: Sequence[OCRRecord]) -> list[Measured]:
        if inferencer is None:
            found = [Response(scores[name]) if name in scores else None for name in names]
        else:
            found = [*predict(inferencer, paths, records)]
        rows = zip(map(str, paths), records, found, strict=True)
        return [Measured(take_fingerprint([row]), row[2]) for row in rows]

    measures, images, labels = [], [], []
    for name in args.lists:
        start = time.perf_counter()
        frame = read_annotations(args.root / name)
        images.append(frame["image"].tolist())
        labels.append(frame["label"].to_numpy())
        measures.append(measured(images[-1], [folder / image for image in images[-1]], list(map(text_of, images[-1]))))
        each = 1000 * (time.perf_counter() - start) / len(images[-1])
        print(f"{name}: {len(images[-1])} pictures, {each:.1f} ms each")
        print(f"  {', '.join(joined(measures[-1]).values)}")

    print(f"{'pictures compared':40s}" + "".join(f"{size:8d}" for size in SIZES))

    def show(title: str, before: Sequence[Measured], now: Sequence[Measured], checks: int, new: bool = True) -> None:
        most = len(now) // 2 if before is now else len(now)
        shares = [alarms(before, now, size, checks, random, new) if size <= most else None for size in SIZES]
        print(f"{title:40s}" + "".join(f"{'':>8s}" if s is None else f"{s:8.3f}" for s in shares), flush=True)

    for name, found in zip(args.lists, measures, strict=True):
        show(f"honest halves of {name}", found, found, args.checks)
    chosen = random.permutation(len(images[0]))
    changed, kept = chosen[: args.read], [measures[0][i] for i in chosen[args.read :]]
    names = [images[0][i] for i in changed]
    files, records = [folder / name for name in names], list(map(text_of, names))
    copies = {}
    for kind, change in {"blurred": blur, "turned": turn}.items():
        copies[kind] = [args.work / f"{kind}_{number}.png" for number in range(len(files))]
        for source, target in zip(files, copies[kind], strict=True):
            change(source, target)
    planted = {
        "as they are": [measures[0][i] for i in changed],
        "blurred": measured(names, copies["blurred"], records),
        "turned": measured(names, copies["turned"], records),
    }
    if inferencer is not None:
        planted["text of others"] = measured(names, files, [*records[1:], *records[:1]])
    engine = build_engine({"type": "RapidOCREngine", "min_side": args.min_side})
    anew = [read_text(engine, file, name) for file, name in zip(files, names, strict=True)]
    planted[f"text read with min_side={args.min_side}, no name"] = measured(names, files, anew)
    for title, found in planted.items():
        show(title, kept, found, args.checks // 10)
        if inferencer is not None:
            show("  without joint feature and gates", kept, found, args.checks // 10, new=False)
    for group in np.array_split(np.unique(labels[0]), 3):
        shares = [class_alarms(measures[0], labels[0], group, args.checks // 10, new) for new in (True, False)]
        print(
            f"{len(group)} classes alone ({group[0]} to {group[-1]}): {shares[0]:.2f}, without joint feature and gates "
            f"{shares[1]:.2f}"
        )
    for title, found in planted.items():
        before = joined(kept)
        print(f"{title}: {describe_changes(before, joined(found, before))}")


if __name__ == "__main__":
    main()
