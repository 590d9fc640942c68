"""How long a report from saved predictions takes, and how large it is.

    python benchmarks/report_page.py FOLDER [--images 20000] [--classes 137]

FOLDER holds photographs, which stand in for all images, under many names. The predictions are made up: right for 85 %
of the images, else one of three other classes. The model is not run, and there are no baselines (--quick).

On two Xeon cores without AMX, one thread: 14 s, 6.4 MB.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.analysis.report.make import make_report
from kdxf.io.annotations import write_annotations
from kdxf.io.predictions import Predictions, write_predictions
from kdxf_runtime.io.folders import list_images

CONFIG = """
default_scope = "kdxf"
dataset = dict(type="OCRTextDataset", data_root="{root}", ann_file="list.csv", classes="classes.txt", pipeline=[])
test_dataloader = dict(dataset=dataset)
train_dataloader = test_dataloader
"""


def main() -> None:
    """Make the files, and time the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--classes", type=int, default=137)
    args = parser.parse_args()
    photographs = [(args.folder / name).resolve() for name in list_images(args.folder)]
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        names = [f"{index:06d}{photographs[index % len(photographs)].suffix}" for index in range(args.images)]
        for index, name in enumerate(names):
            os.symlink(photographs[index % len(photographs)], root / name)
        classes = tuple(f"class {index}" for index in range(args.classes))
        labels = random.integers(args.classes, size=args.images)
        wrong = random.random(args.images) > 0.85
        answers = np.where(wrong, (labels + random.integers(1, 4, args.images)) % args.classes, labels)
        scores = random.dirichlet(np.ones(args.classes), args.images).astype(np.float32)
        scores[np.arange(args.images), answers] += 1
        scores /= scores.sum(axis=1, keepdims=True)
        table = {"image": names, "label": [classes[label] for label in labels]}
        write_annotations(pd.DataFrame(table), root / "list.csv")
        (root / "classes.txt").write_text("\n".join(classes) + "\n", encoding="utf-8")
        (root / "config.py").write_text(CONFIG.format(root=root), encoding="utf-8")
        files = {}
        for name, share in (("both", 0.0), ("image", 0.3), ("text", 0.6)):
            rows = np.where(random.random(args.images) < share, random.permutation(args.images), np.arange(args.images))
            predictions = Predictions(names, scores[rows], classes, labels=labels)
            files[name] = root / f"{name}.parquet"
            write_predictions(predictions, files[name])
        begun = time.perf_counter()
        make_report(root / "config.py", None, root / "report.html", predictions=files, quick=True)
        seconds = time.perf_counter() - begun
        size = (root / "report.html").stat().st_size / 1e6
        print(f"{args.images} images of {args.classes} classes: {seconds:.0f} s, {size:.1f} MB")


if __name__ == "__main__":
    main()
