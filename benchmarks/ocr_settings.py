"""How the settings of the OCR engine trade words for time, and what the words are worth to a model.

    python benchmarks/ocr_settings.py CONFIG CHECKPOINT LIST --root FOLDER [--images 150] [--sides 320 480 640 736 1024]

LIST is an annotation file whose images lie in FOLDER. RapidOCREngine reads them with each ``min_side``, and once more
without the classifier of upside-down lines, all in one process of one thread, in turns. Time is processor time, so that
other work on the machine hardly matters. "Same" is the share of characters that the default reads as well: one less the
edits from its text to this one, by its characters, 0 at least. The checkpoint then labels the pictures with each text;
it was trained on text that one of the settings read. The last columns compare the labels with those of the default's
text: pictures that are right only with this one, and only with the default.

docs/text.md ("Words and time") has the results.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from kdxf.analysis.cost_measure import machine
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.inputs import InputTexts
from kdxf.io.annotations import read_annotations
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.io.images import read_image
from kdxf_runtime.ocr.rapidocr_engine import RapidOCREngine
from kdxf_runtime.ocr.record import OCRRecord, read_pixels

DEFAULT = 736


def read_all(engines: dict[str, RapidOCREngine], paths: Sequence[str]) -> tuple[dict[str, list], dict[str, list]]:
    """Read each picture by all engines; return the records and the milliseconds of each engine."""
    records: dict[str, list[OCRRecord]] = {name: [] for name in engines}
    times: dict[str, list[float]] = {name: [] for name in engines}
    for path in paths:
        pixels = read_image(path)
        for name, engine in engines.items():
            start = time.process_time()
            records[name].append(read_pixels(engine, pixels, path))
            times[name].append(1000 * (time.process_time() - start))
    return records, times


def same_characters(texts: Sequence[str], others: Sequence[str]) -> float:
    """Return which share of the characters of ``texts`` the others have too, picture by picture."""
    kept = [max(0, len(text) - Levenshtein.distance(text, other)) for text, other in zip(texts, others, strict=True)]
    return sum(kept) / max(1, sum(map(len, texts)))


def main() -> None:
    """Measure, and print a line for each setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("config", "checkpoint", "list"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--images", type=int, default=150)
    parser.add_argument("--sides", type=int, nargs="+", default=[320, 480, 640, DEFAULT, 1024])
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rows = read_annotations(args.list)[["image", "label"]].sample(frac=1, random_state=0)[: args.images]
    images = [InputImage(image, str(args.root / image), image) for image in rows["image"]]
    engines = {str(side): RapidOCREngine(min_side=side) for side in dict.fromkeys([DEFAULT, *args.sides])}
    engines[f"{DEFAULT}, no classifier"] = RapidOCREngine(params={"Global.use_cls": False})
    records, times = read_all(engines, [image.path for image in images])
    inferencer = KDXFInferencer(args.config, args.checkpoint, device="cpu")
    texts = {name: ["\n".join(record.texts) for record in found] for name, found in records.items()}
    right = {}
    for name, found in records.items():
        predictions = inferencer.predict(images, InputTexts(images, found.__getitem__))
        right[name] = np.array([one.category_name for one in predictions]) == rows["label"].astype(str).to_numpy()
    print(f"{machine()}; {len(images)} pictures of {args.list}, {args.checkpoint}")
    print(f"{'min_side':20}{'ms':>8}{'lines':>8}{'words':>8}{'characters':>12}{'same':>8}{'top-1':>8}   right only")
    base = right[str(DEFAULT)]
    for name, found in records.items():
        lines = [line for record in found for line in record.texts]
        words, characters = sum(len(line.split()) for line in lines), sum(map(len, lines))
        print(
            f"{name:20}{statistics.mean(times[name]):8.0f}{len(lines):8}{words:8}{characters:12}"
            f"{same_characters(texts[str(DEFAULT)], texts[name]):8.1%}{100 * right[name].mean():8.1f}   "
            f"{int((right[name] & ~base).sum())} here, {int((base & ~right[name]).sum())} with {DEFAULT}"
        )


if __name__ == "__main__":
    main()
