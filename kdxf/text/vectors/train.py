"""Train word vectors on the text of OCR tables, with gensim."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gensim.models import FastText, Word2Vec
from tqdm import tqdm

from kdxf.errors import UserError
from kdxf.text.registry import TOKENIZERS
from kdxf.text.vectors.corpus import TokenFile, write_token_file
from kdxf.text.vectors.store import StoreWriter, check_target, new_store, package_versions
from kdxf_runtime.tokenizers.cleaning import HAN_CHARACTER
from kdxf_runtime.vectors.store_meta import COUNTS_FILE, NGRAMS_FILE, StoreMeta

METHODS = ("word2vec", "fasttext")
_TOP_WORDS = 20
# gensim warns of corpora too small for its batches, which small data sets are.
logging.getLogger("gensim").setLevel(logging.ERROR)


@dataclass(frozen=True)
class TrainingOptions:
    """Options of the training of word vectors (skip-gram, five negative samples).

    Attributes:
        method: ``'word2vec'`` (https://arxiv.org/abs/1301.3781) or ``'fasttext'`` (https://arxiv.org/abs/1607.04606).
        dim: The width of a vector.
        min_count: Words that occur less often get no vector.
        window: The greatest distance between a word and a neighbour that it predicts; wide, because the order of lines
            in a picture means little.
        epochs: The number of passes over the text. The default suits the little text of some thousand images;
            5 to 10 are enough for millions of words.
        seed: The seed; one worker with one seed gives the same vectors again.
        workers: The number of training threads.
        buckets: The number of hashed n-gram vectors (fastText).
        ngrams: The least and the greatest number of characters of an n-gram (fastText).
        dtype: ``'float32'`` or ``'float16'`` on disk.
        trees: The number of trees of the annoy index; 0 builds none.

    Raises:
        UserError: An option is out of its range.
    """

    method: str = "word2vec"
    dim: int = 200
    min_count: int = 2
    window: int = 10
    epochs: int = 100
    seed: int = 0
    workers: int = 1
    buckets: int = 100_000
    ngrams: tuple[int, int] = (3, 6)
    dtype: str = "float32"
    trees: int = 10

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UserError(f"method must be one of {', '.join(METHODS)}, got '{self.method}'")
        for name in ("dim", "min_count", "window", "epochs", "workers", "buckets"):
            if getattr(self, name) < 1:
                raise UserError(f"{name.replace('_', '-')} must be at least 1, got {getattr(self, name)}")
        if self.trees < 0:
            raise UserError(f"trees must be at least 0, got {self.trees}")
        if not 1 <= self.ngrams[0] <= self.ngrams[1]:
            raise UserError(f"ngrams must be the least and the greatest length, got {self.ngrams[0]} {self.ngrams[1]}")


@dataclass(frozen=True)
class TrainingReport:
    """Figures of the training text and the resulting vocabulary.

    Attributes:
        documents: The number of documents.
        empty_documents: The number of documents without a word.
        tokens: The number of words in the text, repetitions included.
        distinct_words: The number of different words.
        words: The number of words with a trained vector.
        coverage: The share of the tokens that have one.
        added_characters: The number of Chinese characters given a vector because words are composed of them.
        top_words: The words that occur most often, with their counts.
    """

    documents: int
    empty_documents: int
    tokens: int
    distinct_words: int
    words: int
    coverage: float
    added_characters: int
    top_words: list[tuple[str, int]]

    def __str__(self) -> str:
        return "\n".join(
            [
                f"documents       {self.documents} ({self.empty_documents} without words)",
                f"tokens          {self.tokens}, {self.distinct_words} different words",
                f"words kept      {self.words}, {self.coverage:.1%} of the tokens",
                f"characters      {self.added_characters} more, from the words that hold them",
                "most frequent   " + "  ".join(f"{word} {count}" for word, count in self.top_words),
            ]
        )


def train_vectors(
    sources: Sequence[Path],
    out: Path,
    tokenizer: dict[str, Any],
    options: TrainingOptions | None = None,
    overwrite: bool = False,
) -> TrainingReport:
    """Train word vectors on text and write them as a store.

    Args:
        sources: OCR tables, or UTF-8 text files with one document per line.
        out: The store's folder.
        tokenizer: The config of a registered tokenizer.
        options: The options of the training.
        overwrite: Whether to replace an existing store.

    Raises:
        UserError: A source cannot be read or holds no words, no word occurs often enough, or ``out`` is taken.
    """
    options = options or TrainingOptions()
    check_target(out, overwrite)
    cutter = TOKENIZERS.build(tokenizer)
    with new_store(out, overwrite) as folder:
        corpus = write_token_file(sources, cutter, folder / "tokens.txt")
        report = _train_into(folder, corpus, [str(source) for source in sources], tokenizer, options)
        corpus.path.unlink()
    return report


def _train_into(
    folder: Path, corpus: TokenFile, source: list[str], tokenizer: dict[str, Any], options: TrainingOptions
) -> TrainingReport:
    model = _fit(corpus, options)
    words, vectors = model.wv.index_to_key, model.wv.vectors
    counts = np.array([corpus.counts[word] for word in words], dtype=np.int64)
    extra_words: list[str] = []
    if options.method == "fasttext":
        np.save(folder / NGRAMS_FILE, _known_ngrams(model).astype(options.dtype))
    else:
        extra_words, extra_vectors = character_vectors(words, counts, vectors)
        vectors = np.concatenate([vectors, extra_vectors])
    np.save(folder / COUNTS_FILE, np.concatenate([counts, np.zeros(len(extra_words), dtype=np.int64)]))
    with StoreWriter(folder, options.dim, options.dtype) as writer:
        writer.add([word.encode() for word in [*words, *extra_words]], vectors)
        writer.finish(options.trees)
    report = _report(corpus, words, counts, len(extra_words))
    StoreMeta(
        kind=options.method,
        words=len(vectors),
        dim=options.dim,
        dtype=options.dtype,
        compose="ngrams" if options.method == "fasttext" else "characters",
        ngrams=list(options.ngrams) if options.method == "fasttext" else None,
        source=source,
        tokenizer=tokenizer,
        details={"options": asdict(options), "corpus": asdict(report)},
        versions=package_versions(),
    ).save(folder)
    return report


def _fit(corpus: TokenFile, options: TrainingOptions) -> Word2Vec:
    counts = dict(sorted(corpus.counts.items(), key=lambda item: (-item[1], item[0])))
    if next(iter(counts.values())) < options.min_count:
        raise UserError(f"no word occurs {options.min_count} times in the text: choose a smaller --min-count")
    settings = {
        "vector_size": options.dim,
        "min_count": options.min_count,
        "window": options.window,
        "epochs": options.epochs,
        "seed": options.seed,
        "workers": options.workers,
        "sg": 1,
    }
    if options.method == "fasttext":
        shortest, longest = options.ngrams
        model = FastText(**settings, bucket=options.buckets, min_n=shortest, max_n=longest)
    else:
        model = Word2Vec(**settings)
    model.build_vocab_from_freq(counts, corpus_count=corpus.documents_with_words)
    with tqdm(total=options.epochs * corpus.documents_with_words, desc="train", unit="doc") as bar:
        documents = _Watched(corpus, bar)
        model.train(corpus_iterable=documents, total_examples=corpus.documents_with_words, epochs=options.epochs)
    return model


class _Watched:
    """A corpus that gensim reads once per epoch, while a progress bar counts."""

    def __init__(self, corpus: TokenFile, bar: tqdm) -> None:
        self._corpus = corpus
        self._bar = bar

    def __iter__(self) -> Iterator[list[str]]:
        for document in self._corpus:
            yield document
            self._bar.update()


def _known_ngrams(model: FastText) -> np.ndarray:
    """Return the n-gram vectors, with zeros where gensim keeps the random start of those that no word has."""
    known = np.zeros(len(model.wv.vectors_ngrams), dtype=bool)
    for buckets in model.wv.buckets_word:
        known[buckets] = True
    return np.where(known[:, None], model.wv.vectors_ngrams, np.float32(0))


def _report(corpus: TokenFile, words: list[str], counts: np.ndarray, added_characters: int) -> TrainingReport:
    return TrainingReport(
        documents=corpus.documents,
        empty_documents=corpus.documents - corpus.documents_with_words,
        tokens=corpus.tokens,
        distinct_words=len(corpus.counts),
        words=len(words),
        coverage=float(counts.sum() / corpus.tokens),
        added_characters=added_characters,
        top_words=corpus.counts.most_common(_TOP_WORDS),
    )


def character_vectors(words: Sequence[str], counts: np.ndarray, vectors: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Compute vectors for the Chinese characters that occur in words but are not words themselves.

    A segmenter rarely outputs single characters, so a small corpus has vectors for few of the pieces that
    :class:`~kdxf_runtime.vectors.subwords.CharacterComposer` needs. A character gets the mean, over its occurrences, of
    the vectors of the words around it: with ``手机`` (3 times) and ``手表`` (once), ``手`` is
    (3 ``手机`` + ``手表``) / 4.

    Args:
        words: The V words of a trained vocabulary.
        counts: How often each word occurs, (V,).
        vectors: Their vectors, (V, D).

    Returns:
        tuple[list[str], np.ndarray]: The characters, sorted, and their vectors, (characters, D) float32.
    """
    known = set(words)
    sums: dict[str, np.ndarray] = {}
    occurrences: Counter[str] = Counter()
    for word, count, vector in zip(words, counts.tolist(), vectors, strict=True):
        for character in set(HAN_CHARACTER.findall(word)) - known:
            sums[character] = sums.get(character, 0) + count * vector
            occurrences[character] += count
    characters = sorted(sums)
    means = [sums[character] / occurrences[character] for character in characters]
    return characters, np.array(means, dtype=np.float32).reshape(len(characters), vectors.shape[1])
