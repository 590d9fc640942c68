"""A bundle without text beside stock MMPretrain: the same model, config, weights and pictures, each as a whole command.

    python benchmarks/runner_images.py FOLDER [--images 400] [--rounds 3]

The model is a ResNet-18 for pictures of 224 px (shorter side 256, centre crop) in an unmodified MMPretrain config,
with random weights. ``kdxf export`` makes the bundle. ``kdxf-run`` answers the pictures with as many processes as there
are cores, MMPretrain with its ``ImageClassificationInferencer``, batches of 32, and as many threads. The commands
alternate. The rate is that of the pictures beyond the first: the time for all of them less the time for one, so that
the start does not count. Medians over the rounds, and how many labels are the same.

Measured with ``data/grocery/images/val --images 296`` on two Intel Xeon cores, nothing beside it: first answer 0.8 s
against 7.4 s, then 59.3 against 46.9 pictures/s, 1.26 times; the same label for all 296.
"""

import argparse
import csv
import json
import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from runner import run

from kdxf.analysis.cost_measure import machine
from kdxf_runtime.io.folders import list_images
from kdxf_runtime.io.machine import available_cores

_CONFIG = """
model = dict(
    type="ImageClassifier",
    backbone=dict(type="ResNet", depth=18, num_stages=4, out_indices=(3,), style="pytorch"),
    neck=dict(type="GlobalAveragePooling"),
    head=dict(
        type="LinearClsHead", num_classes=81, in_channels=512, loss=dict(type="CrossEntropyLoss", loss_weight=1.0)),
)
data_preprocessor = dict(num_classes=81, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
test_dataloader = dict(
    batch_size=32,
    num_workers=0,
    dataset=dict(
        type="CustomDataset",
        data_root="",
        ann_file="none.txt",
        classes=[str(number) for number in range(81)],
        pipeline=[
            dict(type="LoadImageFromFile"),
            dict(type="ResizeEdge", scale=256, edge="short"),
            dict(type="CenterCrop", crop_size=224),
            dict(type="PackInputs"),
        ],
    ),
    sampler=dict(type="DefaultSampler", shuffle=False),
)
test_evaluator = dict(type="Accuracy", topk=(1,))
test_cfg = dict()
"""

_WEIGHTS = """
import sys, torch
from mmengine.config import Config
from mmpretrain import get_model
torch.manual_seed(0)
model = get_model(Config.fromfile(sys.argv[1]), pretrained=False)
model.init_weights()
torch.save({"state_dict": model.state_dict(), "meta": {}}, sys.argv[2])
"""

_STOCK = """
import json, os, sys, torch
from mmpretrain import ImageClassificationInferencer
config, checkpoint, folder, out = sys.argv[1:]
torch.set_num_threads(len(os.sched_getaffinity(0)))
names = sorted(os.listdir(folder))
inferencer = ImageClassificationInferencer(config, pretrained=checkpoint, device="cpu")
results = inferencer([os.path.join(folder, name) for name in names], batch_size=32)
with open(out, "w") as file:
    json.dump({name: int(result["pred_label"]) for name, result in zip(names, results)}, file)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    names = list_images(args.folder)
    names = random.Random(0).sample(names, min(args.images, len(names)))
    with tempfile.TemporaryDirectory() as folder:
        config, weights, bundle, many, one, table, answers = (
            Path(folder, name) for name in ("r18.py", "r18.pth", "bundle", "many", "one", "out.csv", "stock.json")
        )
        for index, name in enumerate(names):
            for target in (many, *([one] if not index else [])):
                target.mkdir(exist_ok=True)
                shutil.copy(args.folder / name, target / f"{index}{Path(name).suffix}")
        config.write_text(_CONFIG)
        run([sys.executable, "-c", _WEIGHTS, str(config), str(weights)])
        tool = [sys.executable, "tools/export.py", str(config), str(weights), "--out", str(bundle)]
        run([*tool, "--pictures", str(many)])
        workers = str(available_cores())
        ways = {
            "kdxf-run": [sys.executable, "-m", "kdxf_runtime.cli", str(bundle), "{}", "--save_csv", str(table),
                         "--workers", workers],
            "MMPretrain": [sys.executable, "-c", _STOCK, str(config), str(weights), "{}", str(answers)],
        }  # fmt: skip
        seconds: dict[tuple[str, str], list[float]] = {}
        for _ in range(args.rounds):
            for way, command in ways.items():
                for source in (one, many):
                    taken = run([part.replace("{}", str(source)) for part in command])
                    seconds.setdefault((way, source.name), []).append(taken)
        with open(table, newline="", encoding="utf-8") as file:
            found = {Path(row["image_id"]).name: int(row["category_id"]) for row in csv.DictReader(file)}
        stock = json.loads(answers.read_text())
    print(machine(), f"{workers} processes or threads, {len(names)} pictures", sep=", ")
    rates = {}
    for way in ways:
        first, total = (statistics.median(seconds[way, source]) for source in ("one", "many"))
        rates[way] = (len(names) - 1) / (total - first)
        print(f"{way}: first answer {first:.1f} s, then {rates[way]:.1f} pictures/s")
    print(f"kdxf-run is {rates['kdxf-run'] / rates['MMPretrain']:.2f} times as fast")
    same = sum(found.get(Path(name).stem, found.get(name)) == label for name, label in stock.items())
    print(f"the same label for {same} of {len(stock)} pictures")


if __name__ == "__main__":
    main()
