"""The cost of one million annotated rows with OCR text, with four loader workers.

    python benchmarks/dataset_memory.py [--rows 1000000] [--workers 4] [--batches 1000] [--no-ocr]

Makes the files in a temporary folder (some hundred MB): a CSV, an OCR table of five lines of eight Chinese characters
per row, and word vectors for every character. Then opens them as a training run does, class-balanced, and reads
batches of text (no images) in shuffled order. Memory is that of all processes together, including torch and the host
packages; shared pages count once.

Measured on two Intel Xeon cores, torch 2.15 (CUDA build): 875 MiB after the imports; opened in 5 s of processor time,
1,542 MiB (1,799 MiB at the peak); with four workers 1,696 MiB at the first batch and 1,782 MiB after 1,000.

Ten million rows with a table (``--workers 2 --batches 300``), on two shared Xeon cores (load 9), torch 2.14: opened in
9.7 s of processor time, 2,773 MiB (3,158 MiB at the peak); with two workers 2,961 MiB at the first batch and 3,054 MiB
after 300. Before that, once: 67 s to unpack the table, 7 s to find the rows, 80 s for the digest.

Ten million rows without a table (``--no-ocr --workers 2 --batches 300``), on two shared Xeon cores, torch 2.14: 878 MiB
after the imports; opened in 7.7 s of processor time, 1,827 MiB (2,346 MiB at the peak); with two workers 2,005 MiB at
the first batch and 2,008 MiB after 300.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

import kdxf.datasets  # noqa: F401  (registers)
from kdxf.datasets.image_keys import keys_of
from kdxf.io.annotations import write_classes
from kdxf.text.ocr.table import SCHEMA, OCRTable, table_digest
from kdxf.text.vectors.store import StoreWriter, new_store
from kdxf_runtime.vectors.store_meta import StoreMeta

CLASSES, LINES, CHARACTERS, DIM = 137, 5, 8, 200
PART_ROWS = 1000  # as tools/ocr.py writes them
FIRST_CHARACTER, LAST_CHARACTER = 0x4E00, 0x9FA5


def image_name(row: int) -> str:
    """Name an image like a real collection: a folder per day, a long number."""
    return f"2021-06-{row % 28 + 1:02d}/{row:024d}.jpg"


def make_files(root: Path, rows: int, classes: int = CLASSES, ocr: bool = True) -> None:
    """Write the annotations, the OCR table, whose rows stand in another order, and the word vectors; open the table.

    A large table is unpacked when it is opened for the first time.
    """
    random = np.random.default_rng(0)
    write_classes([f"class {i}" for i in range(classes)], root / "classes.txt")
    labels = np.minimum(random.geometric(4.11 / classes, rows) - 1, classes - 1)  # a long tail
    with (root / "train.csv").open("w", encoding="utf-8") as file:
        file.write("image,label\n")
        file.writelines(f"{image_name(row)},{label}\n" for row, label in enumerate(labels))
    (root / "ocr").mkdir()
    order = random.permutation(rows)
    for start in range(0, rows if ocr else 0, PART_ROWS):
        part = make_part([image_name(row) for row in order[start : start + PART_ROWS]], random)
        pq.write_table(part, root / "ocr" / f"part-{start // PART_ROWS:06d}.parquet")
    words = [chr(code).encode() for code in range(FIRST_CHARACTER, LAST_CHARACTER)]
    with new_store(root / "vectors") as folder:
        with StoreWriter(folder, DIM) as writer:
            writer.add(words, random.normal(size=(len(words), DIM)).astype(np.float32))
            writer.finish(trees=0)
        StoreMeta("converted", len(words), DIM, "float32", "characters").save(folder)
    if ocr:
        processor = time.process_time()
        OCRTable.map(root / "ocr")
        print(f"the table opened for the first time in {time.process_time() - processor:.1f} s of processor time")


def make_part(images: list[str], random: np.random.Generator) -> pa.Table:
    """Make OCR rows of random characters and boxes."""
    count = len(images)
    codes = random.integers(FIRST_CHARACTER, LAST_CHARACTER, (count * LINES, CHARACTERS), dtype=np.uint32)
    texts = codes.view(f"<U{CHARACTERS}")[:, 0]
    scores = random.random(count * LINES, dtype=np.float32)
    boxes = random.integers(0, 1000, count * LINES * 8).astype(np.float32)
    per_image = pa.array(np.arange(count + 1, dtype=np.int32) * LINES)
    per_line = pa.array(np.arange(count * LINES + 1, dtype=np.int32) * 8)
    columns = {
        "image": images,
        "texts": pa.ListArray.from_arrays(per_image, pa.array(texts)),
        "scores": pa.ListArray.from_arrays(per_image, pa.array(scores)),
        "boxes": pa.ListArray.from_arrays(per_image, pa.ListArray.from_arrays(per_line, pa.array(boxes))),
        "width": np.full(count, 1080, np.int32),
        "height": np.full(count, 1440, np.int32),
        "engine": ["rapidocr 3.10.0 PP-OCRv4"] * count,
        "error": pa.nulls(count, pa.string()),
        "digest": [f"{digest:064x}" for digest in random.integers(1 << 62, size=count).tolist()],
        "file_size": random.integers(50_000, 500_000, count),
        "file_time": random.integers(1 << 60, size=count),
        "angle": np.zeros(count, np.int16),
        "angle_score": random.random(count, dtype=np.float32),
    }
    return pa.table(columns, schema=SCHEMA)


def loader_config(root: Path, workers: int, ocr: bool = True) -> dict:
    """Return the config of the training loader of a text-only model."""
    pipeline = [
        {"type": "TokenizeOCR", "tokenizer": {"type": "JiebaTokenizer"}},
        {"type": "LookUpWordVectors", "vectors": str(root / "vectors"), "max_tokens": 64},
        {"type": "PackImageTextInputs"},
    ]
    dataset = {
        "type": "OCRTextDataset",
        "data_root": str(root),
        "ann_file": "train.csv",
        "ocr_file": "ocr" if ocr else None,
        "pipeline": pipeline,
    }
    return {
        "batch_size": 32,
        "num_workers": workers,
        "persistent_workers": True,
        "multiprocessing_context": "fork",
        "sampler": {"type": "DefaultSampler", "shuffle": True},
        "collate_fn": {"type": "default_collate"},
        "dataset": {"type": "ClassBalancedDataset", "oversample_thr": 0.02, "dataset": dataset},
    }


def total_memory() -> float:
    """Return the MiB of this process and its workers: shared pages count once, mapped files (torch) in full."""
    processes = [os.getpid(), *(child.pid for child in multiprocessing.active_children())]
    rollups = [read_rollup(f"/proc/{pid}/smaps_rollup") for pid in processes]
    own = sum(rollup["Pss_Anon"] + rollup["Pss_Shmem"] for rollup in rollups)
    return (own + rollups[0]["Rss"] - rollups[0]["Anonymous"]) / 1024


def read_rollup(path: str) -> dict[str, int]:
    """Read the kernel's sums over the mappings of a process, in KiB."""
    lines = [line.split() for line in Path(path).read_text().splitlines()]
    return {fields[0].rstrip(":"): int(fields[1]) for fields in lines if fields[0].endswith(":") and len(fields) == 3}


def peak_memory() -> float:
    """Return the peak resident memory of this process, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(root: Path, workers: int, batches: int, ocr: bool) -> None:
    """Open the dataset, read batches and print their costs."""
    print(f"imported: {total_memory():.0f} MiB, at its peak {peak_memory():.0f} MiB")
    start, processor = time.perf_counter(), time.process_time()
    loader = Runner.build_dataloader(loader_config(root, workers, ocr), seed=0)
    seconds = time.perf_counter() - start
    processor = time.process_time() - processor
    print(f"opened in {seconds:.1f} s, {processor:.1f} s of processor time: ", end="")
    print(f"{total_memory():.0f} MiB, at its peak {peak_memory():.0f} MiB")
    print(f"{len(loader.dataset.dataset)} rows, {len(loader.dataset)} with repeats")
    start = time.perf_counter()
    for done, _ in enumerate(loader, start=1):
        if done in (1, batches // 10, batches // 2, batches):
            rate = done * 32 / (time.perf_counter() - start)
            print(f"batch {done} with {workers} workers: {total_memory():.0f} MiB in all, {rate:.0f} samples/s")
        if done == batches:
            break
    measured("keys of the images, for the checkpoint", keys_of, loader.dataset)
    if ocr:
        images = loader.dataset.dataset.data_list.images
        measured("digest of the lines of the images, for the checkpoint", table_digest, root / "ocr", images)


def measured(what: str, make: Callable[..., Any], *arguments: Any) -> None:
    """Make something, and print the processor time and the peak of the memory."""
    processor = time.process_time()
    make(*arguments)
    print(f"{what}: {time.process_time() - processor:.1f} s of processor time, at the peak {peak_memory():.0f} MiB")


def main() -> None:
    """Make the files in a separate process, so that its memory does not count, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--no-ocr", action="store_true", help="the list alone, without an OCR table")
    args = parser.parse_args()
    init_default_scope("kdxf")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"  # of large tables
        maker = multiprocessing.get_context("fork").Process(
            target=make_files, args=(Path(folder), args.rows, CLASSES, not args.no_ocr)
        )
        maker.start()
        maker.join()
        if maker.exitcode == 0:
            measure(Path(folder), args.workers, args.batches, not args.no_ocr)


if __name__ == "__main__":
    main()
