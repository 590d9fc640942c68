"""What has become slower: short measurements, kept in a table with machine and commit.

    make bench
    python benchmarks/regressions.py [--table work_dirs/bench.csv] [--rounds 7] [--only NAME ...]

Each figure is a ratio of two things that are measured in turns in one run, in processor time: how many times as long
something of kdxf takes as a plain way to do the same, or as a fixed piece of work. So other load on the machine and
faster processors hardly matter. A row of the table has the median over the rounds, and the quartiles as its spread.

Then the row is compared with the last ten of the same figure on the same machine. It has *fallen* if its median is
above theirs by more than the noise: its distance from median to lower quartile, their greatest from median to upper
quartile, and their extremes' distance from run to run, added, and at least 5 %. The exit status is 1 if one has fallen.

It takes about a minute on a core. A figure that falls once may be chance; one that falls again is worth a look.
"""

import argparse
import csv
import datetime
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch
from decode import draw_photo, machine, pillow
from mmengine.dataset import DefaultSampler as HostDefaultSampler
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample
from rapidocr import RapidOCR

import kdxf.models  # noqa: F401  (registers)
from kdxf.datasets import DefaultSampler, OCRTextDataset
from kdxf.io.annotations import write_classes
from kdxf.io.predictions import Predictions, read_predictions, write_predictions
from kdxf.registry import MODELS
from kdxf.smoke.made_up_data import write_vectors
from kdxf_runtime.io.files import write_whole
from kdxf_runtime.io.images import decode_image
from kdxf_runtime.ocr.rapidocr_engine import RapidOCREngine

REPO = Path(__file__).resolve().parents[1]
COMPARED = 10  # earlier rows
LEAST = 0.05  # the least change that counts, as a share
Ways = tuple[Callable[[], object], Callable[[], object]]


@dataclass(frozen=True)
class Row:
    """A figure of one run.

    Attributes:
        time: When, ISO 8601 in UTC.
        commit: Of the repository; with ``+`` where files have changed since.
        machine: The processors.
        name: What was measured.
        ratio: How many times as long it takes as what it is compared with: the median of the rounds.
        low: The lower quartile of the rounds.
        high: The upper one.
    """

    time: str
    commit: str
    machine: str
    name: str
    ratio: float
    low: float
    high: float


@contextmanager
def decoding() -> Iterator[Ways]:
    """Decode a photograph of 1080x1440 for 256 px; against Pillow at full size."""
    data = draw_photo(1080, 1440, 85)
    yield lambda: decode_image(data, 256), lambda: pillow(data, draft=False)


@contextmanager
def sample() -> Iterator[Ways]:
    """Make 200 samples of text, tokenized and looked up; against parsing their rows as CSV, 100 times."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        text = "image,label,text\n" + "".join(f"{i}.jpg,{i % 5},milk 牛奶 sale 5g {i}\n" for i in range(200))
        (root / "a.csv").write_text(text, encoding="utf-8")
        write_classes("abcde", root / "classes.txt")
        write_vectors(root / "vectors", 200)
        steps = [
            dict(type="TokenizeOCR", tokenizer=dict(type="WordTokenizer")),
            dict(type="LookUpWordVectors", vectors=str(root / "vectors"), max_tokens=32),
            dict(type="PackImageTextInputs"),
        ]
        dataset = OCRTextDataset("a.csv", data_root=folder, pipeline=steps)
        yield (
            lambda: [dataset[index] for index in range(len(dataset))],
            lambda: [list(csv.reader(io.StringIO(text))) for _ in range(100)],
        )


@contextmanager
def epoch() -> Iterator[Ways]:
    """Deal out the order of a million samples; against mmengine's sampler."""
    ours, theirs = (kind(range(1_000_000), shuffle=True, seed=0) for kind in (DefaultSampler, HostDefaultSampler))
    yield lambda: sum(1 for _ in ours), lambda: sum(1 for _ in theirs)


def _head(**config: object) -> Callable[[], object]:
    torch.manual_seed(0)
    head = MODELS.build(dict(config, num_classes=2000, in_channels=256)).train()
    optimizer = torch.optim.SGD(head.parameters(), lr=0.01)
    feature = torch.randn(64, 256)
    samples = [DataSample().set_gt_label(index) for index in range(64)]

    def step() -> None:
        optimizer.zero_grad()
        head.loss((feature,), samples)["loss"].backward()
        optimizer.step()

    return step


@contextmanager
def loss() -> Iterator[Ways]:
    """Train a linear classifier of 2,000 classes with smoothed focal loss; against MMPretrain's cross-entropy."""
    yield _head(type="LinearClsHead", loss=dict(type="LabelSmoothFocalLoss")), _head(type="LinearClsHead")


@contextmanager
def experts() -> Iterator[Ways]:
    """Train a mixture of four experts; against a linear classifier."""
    yield _head(type="MoEClsHead", hidden_channels=256, num_experts=4), _head(type="LinearClsHead")


@contextmanager
def predictions() -> Iterator[Ways]:
    """Write and read predictions of 2,000 images and 500 classes; against NumPy's own files."""
    scores = np.random.default_rng(0).dirichlet(np.ones(500), 2000).astype(np.float32)
    found = Predictions([f"{index}.jpg" for index in range(2000)], scores, tuple(map(str, range(500))))
    with tempfile.TemporaryDirectory() as folder:

        def ours() -> None:
            write_predictions(found, Path(folder, "a.parquet"))
            read_predictions(Path(folder, "a.parquet"))

        def plain() -> None:
            for _ in range(10):
                np.save(Path(folder, "a.npy"), scores)
                np.load(Path(folder, "a.npy")).argmax(axis=1)

        yield ours, plain


@contextmanager
def reading() -> Iterator[Ways]:
    """Read a drawn page of 736 px; against RapidOCR with the settings that give the same lines."""
    page = np.full((736, 736, 3), 255, np.uint8)
    for line in range(6):
        cv2.putText(page, f"LINE {line} SALE", (40, 100 + 110 * line), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 4)
    ours = RapidOCREngine()
    settings = {
        "Global.log_level": "error",
        "Global.text_score": 0.0,
        "Det.limit_type": "max",
        "Det.limit_side_len": 2000,
        "Rec.rec_img_shape": [3, 48, 160],
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    theirs = RapidOCR(params=settings)
    yield lambda: ours.read(page), lambda: theirs(page)


FIGURES = {way.__name__: way for way in (decoding, sample, epoch, loss, experts, predictions, reading)}


def measure(ways: Ways, rounds: int) -> list[float]:
    """Return the ratio of the two in each round; one more round at the start does not count."""
    ratios = []
    for number in range(rounds + 1):
        seconds = []
        for way in ways if number % 2 else ways[::-1]:
            start = time.process_time()
            way()
            seconds.append(time.process_time() - start)
        first, second = seconds if number % 2 else seconds[::-1]
        ratios.append(first / second)
    return ratios[1:]


def fallen(row: Row, earlier: Sequence[Row]) -> str | None:
    """Return a line if a row is slower than the earlier ones of its figure by more than the noise."""
    if not earlier:
        return None
    before = [one.ratio for one in earlier]
    usual = statistics.median(before)
    within = row.ratio - row.low + max(one.high - one.ratio for one in earlier)
    noise = max(within + max(before) - min(before), LEAST * usual)
    if row.ratio <= usual + noise:
        return None
    return (
        f"{row.name} has fallen: {row.ratio:.3f} times what it is compared with, {usual:.3f} in the last "
        f"{len(before)} runs ({earlier[0].commit} to {earlier[-1].commit}), noise {noise:.3f}"
    )


def read_rows(table: Path) -> list[Row]:
    """Read the rows of a table; none where there is no file yet."""
    if not table.exists():
        return []
    with table.open(encoding="utf-8", newline="") as file:
        return [Row(**{**row, **{n: float(row[n]) for n in ("ratio", "low", "high")}}) for row in csv.DictReader(file)]  # type: ignore[arg-type]


def write_rows(rows: Sequence[Row], table: Path) -> None:
    """Write a table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    write_whole(text.getvalue().encode(), table)


def commit() -> str:
    """Return the short name of the commit, with ``+`` where files have changed."""

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(REPO), *words], capture_output=True, text=True).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def main() -> int:
    """Measure, append to the table, and print what has fallen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=REPO / "work_dirs" / "bench.csv")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=list(FIGURES), metavar="NAME")
    args = parser.parse_args()
    init_default_scope("kdxf")
    torch.set_num_threads(1)
    rows, lines = read_rows(args.table), []
    now, revision = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), commit()
    for name in args.only:
        with FIGURES[name]() as ways:
            ratios = measure(ways, args.rounds)
        low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75]).round(4).tolist()
        row = Row(now, revision, machine(), name, middle, low, high)
        earlier = [one for one in rows if (one.machine, one.name) == (row.machine, name)][-COMPARED:]
        rows.append(row)
        print(f"{name:12} {middle:7.3f} ({low:.3f} to {high:.3f}), {len(earlier)} earlier runs", flush=True)
        lines += [line] if (line := fallen(row, earlier)) else []
    write_rows(rows, args.table)
    print("\n".join(lines) or "nothing has fallen by more than the noise")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
