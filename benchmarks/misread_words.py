"""Vectors of misread words: composed from pieces, or taken from the known word with almost the same spelling.

    python benchmarks/misread_words.py STORE [--rate 0.1 0.2 0.3] [--words 800]
    python benchmarks/misread_words.py --synthetic 2000000

Misreads words of a store (tools/word2vec.py) with kdxf.text.spelling.ocr_noise, each until it is a word that the store
does not hold, and compares the vector of each way with that of the true word: "cosine" is the mean of the
cosines, "nearest" the share of misread words to which, of all words of the store, the true one is nearest. Words that
are never respelled (numbers, the shortest) are left out of the sample; the noise may still turn a word into one.
The ways:

    pieces               characters or n-grams, as the store composes words
    respelled            the nearest known spelling, or pieces if there is none: the result of WordVectors.lookup
    and its neighbours   the same, averaged with the five nearest words of the annoy index

"Taken" is the share that is mapped to a known word, "rightly" to the true one. The last line treats known words as
unknown: how many are near enough to another word to be mapped to it, as a rare word would be.

With --synthetic the vocabulary is random and only time is measured: building the index, and the processor time per
unknown word.

Measured at a rate of 0.2, cosine (nearest); stores trained with --min-count 1, the groceries' with --tokenizer word
--dim 100 --window 5 --epochs 150, the demo's fastText with --ngrams 1 3:

    store                pieces        respelled     and its neighbours
    grocery, fastText    0.804 (27 %)  0.886 (60 %)  0.870 (35 %)
    grocery, word2vec    0.402 ( 0 %)  0.705 (50 %)  0.690 (22 %)
    demo, fastText       0.843 (63 %)  0.920 (85 %)  0.867 (51 %)
    demo, word2vec       0.668 (28 %)  0.854 (75 %)  0.819 (38 %)

So WordVectors.lookup respells, without neighbours. The noise and the respelling use the same table of look-alikes
(kdxf_runtime.spelling.look_alikes): real misreadings that are not in it are found less often.
Two million random words, four of five Chinese, on two busy Intel Xeon cores: index in 65 s and 28 MB on disk, 0.03 ms
per unknown word (median).
"""

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from word_vectors import machine, memory, random_words

from kdxf.text.spelling.ocr_noise import corrupt
from kdxf.text.vectors.index import neighbours
from kdxf_runtime.spelling.distance import limit
from kdxf_runtime.spelling.speller import SPELLING_FILE, Speller, SpellingIndex, build_spelling_index
from kdxf_runtime.vectors.vocabulary import Vocabulary, VocabularyWriter
from kdxf_runtime.vectors.word_vectors import WordVectors

TRIES = 50
NEIGHBOURS = 5


def misread(word: str, known: Callable[[str], bool], rate: float, random: np.random.Generator) -> str | None:
    """Misread a word until it is an unknown one without a gap; None if that does not happen."""
    for _ in range(TRIES):
        read = corrupt(word, rate, random)
        if read and " " not in read and not known(read):
            return read
    return None


def sample(vectors: WordVectors, count: int, random: np.random.Generator) -> list[int]:
    """Choose rows of words that may be respelled and are not characters added for composition."""
    trained = len(vectors) if vectors.counts is None else int((vectors.counts > 0).sum())
    rows = [row for row in range(trained) if limit(vectors.words[row])]
    return random.permutation(rows)[:count].tolist()


def averaged(vectors: WordVectors, word: str) -> np.ndarray:
    """Return the mean of the vectors of a known word and its nearest words, each scaled to length 1."""
    words = [word, *(near for near, _ in neighbours(vectors, word, NEIGHBOURS))]
    found = vectors.lookup(words)[0]
    return (found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)).mean(axis=0)


def ways(vectors: WordVectors, read: str) -> dict[str, np.ndarray]:
    """Make a vector of a misread word in each way, (D,); zeros if a way knows nothing."""
    known = vectors.respell(read)
    pieces = vectors.compose(read)
    pieces = np.zeros(vectors.dim, dtype=np.float32) if pieces is None else pieces
    return {
        "pieces": pieces,
        "respelled": vectors.lookup([read])[0][0],
        "and its neighbours": pieces if known is None else averaged(vectors, known),
    }


def compare(vectors: WordVectors, rows: Sequence[int], rate: float, random: np.random.Generator) -> None:
    """Print a line per way."""
    matrix = np.asarray(vectors.vectors, dtype=np.float32)
    units = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
    cosines: dict[str, list[float]] = {}
    nearest: dict[str, list[bool]] = {}
    taken = rightly = count = 0
    for row in rows:
        read = misread(vectors.words[row], vectors.__contains__, rate, random)
        if read is None:
            continue
        count += 1
        known = vectors.respell(read)
        taken += known is not None
        rightly += known == vectors.words[row]
        for way, vector in ways(vectors, read).items():
            similarity = units @ (vector / max(float(np.linalg.norm(vector)), 1e-9))
            cosines.setdefault(way, []).append(float(similarity[row]))
            nearest.setdefault(way, []).append(bool(vector.any()) and int(similarity.argmax()) == row)
    print(
        f"rate {rate}: {count} misread words, {taken / count:.1%} taken for a known word, {rightly / count:.1%} rightly"
    )
    for way in cosines:
        print(f"  {way:<20} cosine {np.mean(cosines[way]):.3f}   nearest {np.mean(nearest[way]):.1%}")


def synthetic(count: int) -> None:
    """Time the index of a random vocabulary."""
    random = np.random.default_rng(0)
    words = random_words(count, random)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writer = VocabularyWriter(folder)
        writer.add([word.encode() for word in words])
        writer.close()
        chosen = [word for word in words[:20_000] if limit(word)][:2000]
        del words
        before = memory()["RssAnon"]
        start = time.perf_counter()
        build_spelling_index(folder)
        seconds, size = time.perf_counter() - start, (folder / SPELLING_FILE).stat().st_size / 1e6
        print(f"index of {count} words: {seconds:.0f} s, {size:.0f} MB on disk ({before:.0f} MB anonymous before)")
        vocabulary = Vocabulary(folder)
        speller = Speller(vocabulary, SpellingIndex(folder))
        times = []
        reads = [misread(word, vocabulary.__contains__, 0.2, random) for word in chosen]
        for read in filter(None, reads):
            start = time.process_time()  # others may use the processor meanwhile
            speller.row_of(read)
            times.append((time.process_time() - start) * 1e3)
        print(
            f"per unknown word: median {statistics.median(times):.3f} ms, 99 % below {np.quantile(times, 0.99):.3f} ms"
        )


def main() -> None:
    """Print a table per rate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("store", type=Path, nargs="?")
    chosen.add_argument("--synthetic", type=int, metavar="WORDS")
    parser.add_argument("--rate", type=float, nargs="+", default=[0.1, 0.2, 0.3])
    parser.add_argument("--words", type=int, default=800)
    args = parser.parse_args()
    print(f"{machine()}, Python {platform.python_version()}")
    if args.synthetic:
        synthetic(args.synthetic)
        return
    vectors = WordVectors.open(args.store)
    random = np.random.default_rng(0)
    rows = sample(vectors, args.words, random)
    print(f"{args.store}: {vectors.meta.kind}, {len(vectors)} words")
    for rate in args.rate:
        compare(vectors, rows, rate, random)
    near = sum(vectors.respell(vectors.words[row]) is not None for row in rows)
    print(f"known words near enough to another one to be taken for it: {near / len(rows):.1%}")


if __name__ == "__main__":
    main()
