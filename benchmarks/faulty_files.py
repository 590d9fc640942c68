"""A count of what kdxf does with faulty files: predictions, word vectors, TF-IDF and OCR tables.

    OMP_NUM_THREADS=1 python benchmarks/faulty_files.py [--show]

Makes the files of tests/fixtures/faulty_{predictions,vectors}.py, each with one fault, and gives each to everything
that reads its format: the tools, run in this process, and the functions that training calls. Counts the files of which
one line was said ("refused"), which were read as if sound ("read"), and which ended in a traceback somewhere. --show
names the tracebacks, and the files that were read.

Of 41 files of predictions, 120 folders of word vectors, 45 of TF-IDF and 18 OCR tables none ends in a traceback, and
all but 10 are refused: those are sound files with other content, such as fewer n-grams, which nothing in them tells.
"""

import argparse
import contextlib
import io
import runpy
import shutil
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "fixtures"))

import faulty_predictions  # noqa: E402
import faulty_vectors  # noqa: E402

from kdxf.datasets.soft_labels import read_soft_labels  # noqa: E402
from kdxf.errors import UserError  # noqa: E402
from kdxf.io.predictions import read_source  # noqa: E402
from kdxf.text.ocr.table import OCRTable, table_digest  # noqa: E402
from kdxf_runtime.vectors.tfidf import Tfidf  # noqa: E402
from kdxf_runtime.vectors.word_vectors import WordVectors  # noqa: E402


def tool(name: str, *words: object) -> None:
    """Run a tool in this process; what it refuses is raised."""
    said = io.StringIO()
    arguments, sys.argv = sys.argv, [str(REPOSITORY / "tools" / name), *map(str, words)]
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        if end.code:
            line = said.getvalue().strip()
            if end.code != 2 or not line.splitlines()[-1].startswith("error: ") or "usage: " in line:
                raise RuntimeError(f"status {end.code}: {line}") from end
            raise UserError(line) from end
    finally:
        sys.argv = arguments


def prediction_readers(work: Path) -> dict[str, Callable[[Path], object]]:
    """Return what reads predictions, by name."""
    classes = faulty_predictions.CLASSES
    (work / "classes.txt").write_text("\n".join(classes), encoding="utf-8")
    labels = [classes[index] for index in (0, 1, 2, 0)]
    pd.DataFrame({"image": faulty_predictions.IMAGES, "label": labels}).to_csv(work / "list.csv", index=False)
    (work / "train.csv").write_text("image,label\nz.jpg,milk\n", encoding="utf-8")
    (work / "config.py").write_text('val_evaluator = dict(type="Accuracy", topk=(1,))\n', encoding="utf-8")
    out, new = work / "out.parquet", "--overwrite"
    soft = {"multi_label": False, "labelled": True, "source": "list.csv"}
    return {
        "score.py": lambda file: tool("recipes/score.py", work / "config.py", file),
        "ensemble.py": lambda file: tool("recipes/ensemble.py", file, work / "sound.parquet", "--out", out, new),
        "ensemble.py --fit": lambda file: tool(
            "recipes/ensemble.py", work / "sound.parquet", file, "--fit", "accuracy", "--out", out, new
        ),
        "soft_labels.py": lambda file: tool("recipes/soft_labels.py", file, "--out", out, new),
        "pseudo_label.py": lambda file: tool(
            "recipes/pseudo_label.py", file, "--train", work / "train.csv", "--out", work / "out.csv", new
        ),
        "submission.py": lambda file: tool(
            "recipes/submission.py", file, "--format", "scores", "--columns", "id", "--id", "path",
            "--out", work / "submission.csv", new,
        ),
        "clean.py reliable": lambda file: tool(
            "data/clean.py", "find", work / "list.csv", "--predictions", file, "--rule", "reliable",
            "--out", work / "suspects.csv", new,
        ),
        "clean.py improbable": lambda file: tool(
            "data/clean.py", "find", work / "list.csv", "--predictions", file, "--out", work / "suspects.csv", new
        ),
        "stats.py": lambda file: tool(
            "data/stats.py", work / "list.csv", "--predictions", file, "--no-image-sizes", "--workers", "1"
        ),
        "read_soft_labels": lambda file: read_soft_labels(
            str(file), faulty_predictions.IMAGES, classes, None, **soft  # type: ignore[arg-type]
        ),
        "read_source": read_source,
    }  # fmt: skip


def read_words(folder: Path) -> None:
    """Do with word vectors what training and the tool do."""
    store = WordVectors.open(folder)
    store.lookup(faulty_vectors.LOOKED_UP)
    list(store.words)
    store.respell("oatlv")
    tool("word2vec.py", "neighbours", folder, "milk")


def read_tfidf(folder: Path) -> None:
    """Do with a TF-IDF folder what training does."""
    Tfidf.open(folder).encode(["milk", "oat"])


def read_ocr(path: Path) -> None:
    """Do with an OCR table what training and the tools do."""
    table = OCRTable.open(path)
    list(table)
    table.rows_of(["a.jpg", "z.jpg"])
    table_digest(path, ["a.jpg"])
    tool("tfidf.py", path, "--tokenizer", "word", "--min-count", "1", "--out", path.parent / "tfidf", "--overwrite")


def outcome(read: Callable[[Path], object], path: Path) -> tuple[str, str]:
    """Return what comes of reading a file, and the message."""
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            read(path)
    except UserError as error:
        return "refused", str(error)
    except Exception as error:
        return "traceback", f"{type(error).__name__}: {error}"
    return "read", ""


def main() -> None:
    """Make the files, read them and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="name the tracebacks, and the files that were read")
    show = parser.parse_args().show
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pq.write_table(faulty_predictions.table(), work / "sound.parquet")
        readers = prediction_readers(work)
        cases: list[tuple[str, str, Path, dict[str, Callable[[Path], object]]]] = []
        for place, (name, write) in enumerate(faulty_predictions.FAULTY.items()):
            path = work / f"{place}.parquet"
            write(path)
            cases.append(("predictions", name, path, readers))
        for kind, make, faults, read in (
            ("word vectors", faulty_vectors.make_words, faulty_vectors.FAULTY_WORDS, read_words),
            ("TF-IDF", faulty_vectors.make_tfidf, faulty_vectors.FAULTY_TFIDF, read_tfidf),
        ):
            make(work / kind)
            for place, (name, mutate) in enumerate(faults.items()):
                path = work / f"{kind} {place}"
                shutil.copytree(work / kind, path)
                mutate(path)
                cases.append((kind, name, path, {"opened and used": read}))
        for place, (name, table) in enumerate(faulty_vectors.FAULTY_OCR.items()):
            path = work / f"ocr {place}.parquet"
            pq.write_table(table, path)
            cases.append(("OCR tables", name, path, {"opened and used": read_ocr}))
        counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for kind, name, path, used in cases:
            found = {reader: outcome(read, path) for reader, read in used.items()}
            ends = {end for end, _ in found.values()}
            worst = next(end for end in ("traceback", "refused", "read") if end in ends)
            counts[kind][worst] += 1
            counts[kind]["files"] += 1
            counts[kind]["reads that end in a traceback"] += sum(end == "traceback" for end, _ in found.values())
            for reader, (end, message) in found.items():
                if show and (end == "traceback" or worst == "read"):
                    print(f"{kind}: {name}: {reader}: {end} {message.splitlines()[-1][:160] if message else ''}")
        columns = ["files", "traceback", "refused", "read", "reads that end in a traceback"]
        print(pd.DataFrame(counts).T.reindex(columns=columns).fillna(0).astype(int).to_string())


if __name__ == "__main__":
    main()
