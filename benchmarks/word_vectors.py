"""Word vectors at full size: converting a published file, opening the store, looking up words; compared with gensim.

    python benchmarks/word_vectors.py [--words 2000000] [--dim 200]

Makes a text and a binary word2vec file of random numbers in a temporary folder (about 10 GB for the full size, the
stores included), converts both, and loads both with gensim's KeyedVectors, each in a separate process. "Peak" is the
peak resident memory of the process; "anonymous" is the part of it that is not pages of files, which the system reclaims
when memory is short. A document has 40 words, drawn uniformly, all known.

Measured on two Intel Xeon cores with much other load, 2,000,000 words of 200 numbers, binary: converted in 234 s
with a peak of 1261 MB, 167 MB of it anonymous (the rest is annoy's mapped file); opened in 0.8 ms, the process then has
44 MB; 0.080 ms per document. gensim 4.4 loads the same file in 43 s into 2053 MB and takes 0.101 ms per document.
The text file: 388 s, peak 1232 MB.
"""

import argparse
import multiprocessing
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

HAN_FIRST, HAN_LAST = 0x4E00, 0x7000
LATIN = np.frombuffer("etaoinsrhldcumfpgwybvkåäö".encode("utf-32-le"), dtype=np.uint32)
PIECES = 1000  # vectors are put together from pieces, four each: much faster than printing every number
DOCUMENT = 40
MEMORY = ("VmHWM", "VmRSS", "RssAnon")


def random_words(count: int, random: np.random.Generator) -> list[str]:
    """Make distinct words: four of five are Chinese, 2 to 6 characters, the others Latin, 4 to 12 letters."""
    words: dict[str, None] = {}
    while len(words) < count:
        chinese, latin = random.integers(2, 7, 100_000), random.integers(4, 13, 100_000)
        lengths = np.where(random.random(100_000) < 0.8, chinese, -latin)
        for length in np.unique(lengths).tolist():
            shape = (int((lengths == length).sum()), abs(length))
            letters = LATIN[random.integers(0, len(LATIN), shape)]
            codes = letters if length < 0 else random.integers(HAN_FIRST, HAN_LAST, shape, dtype=np.uint32)
            words.update(dict.fromkeys(codes.astype(np.uint32).view(f"<U{abs(length)}")[:, 0].tolist()))
    return random.permutation(list(words)[:count]).tolist()


def make_files(folder: Path, count: int, dim: int) -> None:
    """Write ``vectors.txt`` and ``vectors.bin`` with the same words and, to six decimals, the same numbers."""
    random = np.random.default_rng(0)
    words = random_words(count, random)
    pieces = random.normal(0, 0.1, (4, PIECES, dim // 4)).round(6).astype(np.float32)
    as_text = [[" ".join(f"{number:.6f}" for number in piece) for piece in part.tolist()] for part in pieces]
    with (folder / "vectors.txt").open("w", encoding="utf-8") as text, (folder / "vectors.bin").open("wb") as binary:
        header = f"{count} {dim // 4 * 4}\n"
        text.write(header)
        binary.write(header.encode())
        for word, picked in zip(words, random.integers(0, PIECES, (count, 4)).tolist(), strict=True):
            text.write(f"{word} {' '.join(as_text[part][piece] for part, piece in enumerate(picked))}\n")
            numbers = b"".join(pieces[part, piece].tobytes() for part, piece in enumerate(picked))
            binary.write(word.encode() + b" " + numbers + b"\n")


def memory(pid: int | str = "self") -> dict[str, float]:
    """Return VmHWM (peak), VmRSS (now) and RssAnon (anonymous, now) of a process in MB."""
    lines = [line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return {fields[0][:-1]: int(fields[1]) * 1024 / 1e6 for fields in lines if fields[0][:-1] in MEMORY}


def in_a_process(job: Callable[..., dict[str, float]], *arguments: object) -> dict[str, float]:
    """Run a job in a fresh interpreter; add ``seconds``, ``peak`` and ``anonymous`` to its result."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, job, arguments))
    process.start()
    sender.close()
    anonymous = 0.0
    while not receiver.poll(0.05):
        anonymous = max(anonymous, memory(process.pid or 0).get("RssAnon", 0))
    result = receiver.recv()
    process.join()
    return {**result, "anonymous": anonymous}


def _send(sender: Connection, job: Callable[..., dict[str, float]], arguments: tuple[object, ...]) -> None:
    start = time.perf_counter()
    result = job(*arguments)
    sender.send({"seconds": time.perf_counter() - start, **result, "peak": memory()["VmHWM"]})


def make(folder: Path, count: int, dim: int) -> dict[str, float]:
    """Make the files in a separate process, so that its memory does not count."""
    make_files(folder, count, dim)
    return {}


def convert(path: Path, store: Path) -> dict[str, float]:
    """Convert as ``tools/word2vec.py convert`` does."""
    from kdxf.text.vectors.convert import convert_vectors

    print(convert_vectors(path, store))
    return {}


def open_store(store: Path) -> dict[str, float]:
    """Open a store and look up documents."""
    from kdxf_runtime.vectors.word_vectors import WordVectors

    before = memory()["VmRSS"]
    start = time.perf_counter()
    vectors = WordVectors.open(store)
    opening = time.perf_counter() - start
    opened = memory()["VmRSS"]
    random = np.random.default_rng(0)
    documents = [[vectors.words[row] for row in random.integers(0, len(vectors), DOCUMENT)] for _ in range(2000)]
    lookup = median_ms(vectors.lookup, documents)
    return {"opening": opening, "added": opened - before, "process": opened, "lookup": lookup}


def gensim_load(path: Path, binary: bool) -> dict[str, float]:
    """Load a file with gensim, and look up documents."""
    from gensim.models import KeyedVectors

    start = time.perf_counter()
    vectors = KeyedVectors.load_word2vec_format(str(path), binary=binary)
    opening = time.perf_counter() - start
    random = np.random.default_rng(0)
    words = vectors.index_to_key
    documents = [[words[row] for row in random.integers(0, len(words), DOCUMENT)] for _ in range(2000)]
    return {"opening": opening, "process": memory()["VmRSS"], "lookup": median_ms(vectors.__getitem__, documents)}


def median_ms(look_up: Callable[[list[str]], object], documents: list[list[str]]) -> float:
    """Time each document; those of the first half warm up the files."""
    times = []
    for document in [*documents[: len(documents) // 2], *documents]:
        start = time.perf_counter()
        look_up(document)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[len(documents) // 2 :])


def machine() -> str:
    """Return the name of the processor."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor()


def run(folder: Path, count: int, dim: int) -> None:
    """Measure everything and print a line each."""
    in_a_process(make, folder, count, dim)
    for name in ("vectors.txt", "vectors.bin"):
        path, store = folder / name, folder / f"{name}.store"
        print(f"{name}: {count} words of {dim}, {path.stat().st_size / 1e9:.2f} GB")
        done = in_a_process(convert, path, store)
        print(f"  convert   {done['seconds']:.0f} s, peak {done['peak']:.0f} MB, anonymous {done['anonymous']:.0f} MB")
        kdxf = in_a_process(open_store, store)
        gensim = in_a_process(gensim_load, path, name.endswith(".bin"))
        print(
            f"  open      {kdxf['opening'] * 1e3:.1f} ms, {kdxf['added']:.1f} MB more, {kdxf['process']:.0f} MB in all"
        )
        print(f"  gensim    {gensim['opening']:.1f} s, {gensim['process']:.0f} MB in all, peak {gensim['peak']:.0f} MB")
        print(f"  look-up   {kdxf['lookup']:.3f} ms per document of {DOCUMENT} words; gensim {gensim['lookup']:.3f} ms")
        sizes = {file.name: file.stat().st_size / 1e6 for file in sorted(store.iterdir())}
        print("  on disk   " + ", ".join(f"{name} {size:.0f} MB" for name, size in sizes.items()))
        shutil.rmtree(store)


def main() -> None:
    """Run in a temporary folder that is removed at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=2_000_000)
    parser.add_argument("--dim", type=int, default=200, help="a multiple of 4")
    args = parser.parse_args()
    print(f"{machine()}, Python {platform.python_version()}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), args.words, args.dim)


if __name__ == "__main__":
    main()
