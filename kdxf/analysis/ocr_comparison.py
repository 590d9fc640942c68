"""Comparison of OCR engines on the same images: how much each reads, and how fast."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz import fuzz
from tqdm import tqdm

from kdxf.errors import UserError
from kdxf.text.ocr.build import build_engine
from kdxf.text.tokenizers import WordTokenizer
from kdxf_runtime.io.images import ImageReadError
from kdxf_runtime.ocr.base import BaseOCREngine
from kdxf_runtime.ocr.image_source import ImageSource
from kdxf_runtime.ocr.record import OCRRecord, read_pixels


@dataclass(frozen=True)
class EngineRun:
    """Result of one engine.

    Attributes:
        label: The engine as the user named it.
        name: The engine's full name; empty if it did not start.
        start_seconds: Time that building the engine took, its libraries and models included.
        seconds: Time that reading took, over all images; decoding the files is not counted.
        records: What it read, image by image; empty if it did not start.
        error: Why it did not start, in one line; None if it did.
    """

    label: str
    name: str = ""
    start_seconds: float = 0.0
    seconds: float = 0.0
    records: list[OCRRecord] = field(default_factory=list)
    error: str | None = None


def run_engines(
    images: Sequence[str],
    root: Path,
    engines: Mapping[str, Mapping[str, Any]],
    imports: Sequence[str] = (),
    progress: bool = True,
) -> list[EngineRun]:
    """Read images with each engine.

    Args:
        images: Image keys relative to ``root``.
        root: The image root.
        engines: Label and config of each engine.
        imports: Modules that register engines from outside kdxf.
        progress: Show a progress bar for each engine.

    Returns:
        One run for each engine; one that does not start has an ``error``, and the others still run.

    Raises:
        UserError: None of them starts.
    """
    runs = [_run(label, config, images, root, imports, progress) for label, config in engines.items()]
    if all(run.error is not None for run in runs):
        raise UserError("no OCR engine starts: " + "; ".join(f"{run.label}: {run.error}" for run in runs))
    return runs


def _run(
    label: str, config: Mapping[str, Any], images: Sequence[str], root: Path, imports: Sequence[str], progress: bool
) -> EngineRun:
    start = time.perf_counter()
    try:
        engine = build_engine(config, imports)
    except UserError as error:
        return EngineRun(label, error=str(error))
    start_seconds = time.perf_counter() - start
    source, seconds, records = ImageSource(root), 0.0, []
    for image in tqdm(images, desc=label, unit=" images", disable=not progress):
        record, taken = _read(engine, source, image)
        records.append(record)
        seconds += taken
    return EngineRun(label, engine.name, start_seconds, seconds, records)


def _read(engine: BaseOCREngine, source: ImageSource, image: str) -> tuple[OCRRecord, float]:
    """Return the text of an image, and the seconds that the engine took."""
    try:
        pixels = source.read(image)
    except ImageReadError as error:
        return OCRRecord.empty(image, str(error), engine=engine.name), 0.0
    start = time.perf_counter()
    record = read_pixels(engine, pixels, image)
    return record, time.perf_counter() - start


_TOKENIZER = WordTokenizer()


@dataclass(frozen=True)
class Totals:
    """Totals of an engine over all images.

    Attributes:
        images_per_second: Speed over the images that it read; 0 if there are none.
        failures: Images that could not be read.
        with_text: Images in which it found text.
        lines: Number of lines.
        characters: Number of characters, without spaces.
        words: Number of words, each counted as often as it was read; a Chinese character counts as one.
        words_alone: Number of words that no other engine read in the same image.
        mean_score: Mean score over the characters; 0 if there are none.
    """

    images_per_second: float
    failures: int
    with_text: int
    lines: int
    characters: int
    words: int
    words_alone: int
    mean_score: float


@dataclass(frozen=True)
class Agreement:
    """Agreement of two engines, as means over the images in which either of them found words.

    Attributes:
        words: Words that both found, as a fraction of the words that either found.
        text: Similarity of the texts from 0 to 1 (1 minus the normalised number of insertions and deletions), the
            words sorted first, since the order of lines is each engine's own.
    """

    words: float
    text: float


def words_of(record: OCRRecord) -> Counter[str]:
    """Count the words of an image, without case and punctuation."""
    return Counter(word for text in record.texts for word in _TOKENIZER.tokenize(text))


def words_apart(records: Sequence[OCRRecord]) -> tuple[Counter[str], list[Counter[str]]]:
    """Split the words that several engines read in one image.

    Args:
        records: The text that each engine read in it.

    Returns:
        The words that at least two have read, and for each engine the words that only it has read.
    """
    found = [words_of(record) for record in records]
    readers = Counter(word for words in found for word in words)
    several = {word: max(words[word] for words in found) for word, count in readers.items() if count > 1}
    alone = [Counter({word: count for word, count in words.items() if readers[word] == 1}) for words in found]
    return Counter(several), alone


def totals(runs: Sequence[EngineRun]) -> list[Totals]:
    """Compute the totals of each run; all engines must have started and read the same images."""
    alone = [0] * len(runs)
    for records in zip(*(run.records for run in runs), strict=True):
        for index, words in enumerate(words_apart(records)[1]):
            alone[index] += words.total()
    return [_totals(run, words_alone) for run, words_alone in zip(runs, alone, strict=True)]


def agreement(one: EngineRun, other: EngineRun) -> Agreement | None:
    """Compute how far two engines agree; None if neither has found a word."""
    words, texts = [], []
    for record, second in zip(one.records, other.records, strict=True):
        left, right = words_of(record), words_of(second)
        if either := (left | right).total():
            words.append((left & right).total() / either)
            texts.append(fuzz.ratio(*(" ".join(sorted(side.elements())) for side in (left, right))) / 100)
    return Agreement(float(np.mean(words)), float(np.mean(texts))) if words else None


def _totals(run: EngineRun, words_alone: int) -> Totals:
    read = [record for record in run.records if record.error is None]
    lengths = [len("".join(text.split())) for record in read for text in record.texts]
    scores = [score for record in read for score in record.scores]
    return Totals(
        images_per_second=len(read) / run.seconds if run.seconds else 0.0,
        failures=len(run.records) - len(read),
        with_text=sum(bool(record.texts) for record in read),
        lines=len(lengths),
        characters=sum(lengths),
        words=sum(words_of(record).total() for record in read),
        words_alone=words_alone,
        mean_score=float(np.average(scores, weights=lengths)) if sum(lengths) else 0.0,
    )
