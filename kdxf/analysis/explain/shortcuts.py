"""Classes that hang on one word, on an edge of the picture or on its background. Shapes: n images, K classes.

A class may well need a word: the product's name is one. So an alarm is raised only where a class hangs on something
*and* that is not what a picture shows:

* **a word**: the training texts show it to be a mark of where pictures come from: no part of the class's name, on no
  other class, and always at the same place (:attr:`~kdxf.analysis.explain.word_traces.WordTrace.is_suspicious`). And
  the model heeds it: significantly more of the class's hits are lost without the lines that hold it than hits are
  without another of their lines, or significantly more of the other classes' hits are taken for the class when the
  line that holds it most often is added than when a line of another picture is;
* **an edge**: at least half of the image's own hits are lost when the outer fifth of the picture on one side is
  covered, and significantly more than in the other classes;
* **the background**: at least four of five of the image's own hits stay when the middle of the picture is covered, and
  at least half are lost when all but the middle is, significantly more than in the other classes. (Of a thing that
  fills the picture the hits stay either way.)

Significant means a chance below 1 % in the whole report, by the binomial distribution (Bonferroni): of words with the
share of these other lines, divided by the number of marks and both tries; of pictures with the share of all other
classes, divided by the number of classes and parts. Fewer than five hits of pictures prove nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from kdxf.analysis.explain.leaving_out import pipeline_tokenizer, with_line, without_line, without_lines_of
from kdxf.analysis.explain.regions import EDGES, MIDDLE, SURROUNDINGS
from kdxf.analysis.explain.scorer import Sample, Scorer
from kdxf.analysis.explain.word_traces import WordTrace, trace_words
from kdxf.datasets.image_keys import leaf_datasets
from kdxf.engine.config import building
from kdxf.errors import UserError
from kdxf.inference.score_file import dataset_labels
from kdxf.io.predictions import Predictions
from kdxf.registry import DATASETS
from kdxf.text.tokenizers import BaseTokenizer
from kdxf_runtime.ocr.record import OCRRecord

_OTHERS = 100  # hits of other classes that a word is added to
_LINES = 3  # of other pictures that are added to each of them instead
_FEWEST = 5
_HALF = 0.5
_MOST = 0.8
_CHANCE = 0.01


@dataclass(frozen=True)
class Reliance:
    """What the hits of one class hang on.

    Attributes:
        label: The class.
        name: Its name.
        hits: The hits of image and text that were tried.
        word: The word of its class that most of them need; None where none is lost without one.
        word_share: The share of them that is lost without the lines that hold it.
        image_hits: The image's own hits that were tried, with the text silenced.
        edge: The side of the picture that most of them need: ``left``, ``top``, ``right`` or ``bottom``; None where
            none is lost without one.
        edge_share: The share of them that is lost when that side is covered.
        background_share: The share of them that stays when the middle is covered; NaN without any.
        alarms: A sentence for each shortcut.
    """

    label: int
    name: str
    hits: int
    word: str | None
    word_share: float
    image_hits: int
    edge: str | None
    edge_share: float
    background_share: float
    alarms: tuple[str, ...]


def find_shortcuts(
    scorer: Scorer,
    predictions: Mapping[str, Predictions] | None = None,
    *,
    per_class: int = 20,
    pictures: bool = True,
    workers: int = 0,
) -> list[Reliance]:
    """Find what the hits of each class hang on, and warn of shortcuts; the module says when.

    Args:
        scorer: The model, with the test list whose hits are tried; the ``train_dataloader`` of its config has the
            texts that say which words belong to a class.
        predictions: What :func:`~kdxf.analysis.explain.modalities.modality_predictions` returned, to save time.
        per_class: Hits of a class to try, evenly spread over the list.
        pictures: Try covered pictures, too, which runs the image backbone six times for each hit.
        workers: Loader processes.

    Returns:
        One row for each of the K classes, in their order.

    Raises:
        UserError: The config has no training list, an image may have several labels, or none is known.
    """
    if scorer.labels is None or scorer.labels.ndim == 2:
        raise UserError(f"shortcuts: the test list of {scorer.cfg.filename} must have one label for each image")
    finder = _Finder(scorer, scorer.labels, predictions or {}, per_class, workers)
    words = finder.word_losses()
    covered = finder.picture_losses() if pictures else _NOTHING
    return [finder.reliance(label, words, covered) for label in range(len(scorer.inferencer.classes))]


@dataclass(frozen=True)
class _Losses:
    """Hits of some classes that were tried with something missing.

    Attributes:
        labels: int64 (n,), the class of each hit.
        lost: bool (n,) by what was missing.
    """

    labels: np.ndarray
    lost: Mapping[str, np.ndarray]

    def of_class(self, label: int, missing: str) -> tuple[int, int]:
        """Return how many hits of a class were lost, and how many were tried."""
        own = self.labels == label
        return int(self.lost[missing][own].sum()), int(own.sum())

    def elsewhere(self, label: int, missing: str) -> float:
        """Return the share of the hits of all other classes that were lost, at least that of one hit."""
        others = self.labels != label
        return (float(self.lost[missing][others].sum()) + 1) / (int(others.sum()) + 1)


_NOTHING = _Losses(np.zeros(0, np.int64), {})


class _Finder:
    def __init__(
        self,
        scorer: Scorer,
        labels: np.ndarray,
        predictions: Mapping[str, Predictions],
        per_class: int,
        workers: int,
    ) -> None:
        self.scorer = scorer
        self.labels = labels
        self.predictions = predictions
        self.per_class = per_class
        self.workers = workers
        self.names = list(scorer.inferencer.classes)
        self.traces: list[list[WordTrace]] = [[] for _ in self.names]
        self.taken: dict[tuple[int, str], tuple[int, int]] = {}
        self.random = np.random.default_rng(0)
        # Hits that change without another line, or with another one: how many, and how many were tried.
        self.lost_by_chance, self.taken_by_chance = np.zeros(2, np.int64), np.zeros(2, np.int64)

    def word_losses(self) -> _Losses:
        """Try the hits without the words that belong to their classes; the lost ones by word."""
        if not self.scorer.inferencer.needs_text:
            return _NOTHING
        tokenizer = pipeline_tokenizer(self.scorer.pipeline())
        self.traces = trace_words(_training_texts(self.scorer), self.names, tokenizer)
        rows = self._hits("both" if self.scorer.both else "text", ())
        self._add_words(rows)
        self._leave_out_others(rows, tokenizer)
        tries: list[tuple[int, str]] = []
        samples: list[Sample] = []
        for place, row in enumerate(rows):
            sample = self.scorer.samples[row]
            for trace in self.traces[self.labels[row]]:
                record = without_lines_of(sample.record, trace.word, tokenizer)
                if len(record.texts) < len(sample.record.texts):
                    tries.append((place, trace.word))
                    samples.append(Sample(sample.image, record))
        scores, _ = self.scorer.scores(samples, workers=self.workers)
        words = {trace.word for traces in self.traces for trace in traces}
        lost = {word: np.zeros(len(rows), bool) for word in words}
        for (place, word), best in zip(tries, scores.argmax(axis=1).tolist(), strict=True):
            lost[word][place] = best != self.labels[rows[place]]
        return _Losses(self.labels[rows], lost)

    def _add_words(self, rows: np.ndarray) -> None:
        """Count the hits of other classes that are taken for a class when the line of its suspicious word is added.

        In its place then come lines of other pictures that are not of the class either.
        """
        for label, traces in enumerate(self.traces):
            others = _spread(rows[self.labels[rows] != label], _OTHERS)
            for trace in filter(lambda found: found.is_suspicious, traces):
                samples = [self.scorer.samples[row] for row in others]
                lines = [text for sample in samples for text in sample.record.texts]
                drawn = self.random.choice(lines, (_LINES, len(samples))) if lines else np.empty((0, len(samples)))
                texts = [*[trace.line] * len(samples), *drawn.ravel().tolist()]
                added = [
                    Sample(sample.image, with_line(sample.record, text, trace.place))
                    for sample, text in zip(samples * (1 + len(drawn)), texts, strict=True)
                ]
                scores, _ = self.scorer.scores(added, workers=self.workers)
                taken = scores.argmax(axis=1) == label
                self.taken[label, trace.word] = int(taken[: len(samples)].sum()), len(samples)
                self.taken_by_chance += np.array([taken[len(samples) :].sum(), drawn.size])

    def _leave_out_others(self, rows: np.ndarray, tokenizer: BaseTokenizer) -> None:
        """Count the hits that are lost without one of their lines, drawn at random, that holds no word of the class."""
        tried, samples = [], []
        for row in rows.tolist():
            sample, words = self.scorer.samples[row], {trace.word for trace in self.traces[self.labels[row]]}
            texts = sample.record.texts
            lines = [line for line, text in enumerate(texts) if words.isdisjoint(tokenizer.tokenize(text))]
            if lines:
                tried.append(row)
                samples.append(Sample(sample.image, without_line(sample.record, self.random.choice(lines))))
        scores, _ = self.scorer.scores(samples, workers=self.workers)
        self.lost_by_chance += np.array([(scores.argmax(axis=1) != self.labels[tried]).sum(), len(tried)])

    def picture_losses(self) -> _Losses:
        """Try the image's own hits with parts of the picture covered; the lost ones by part."""
        if not self.scorer.takes_image:
            return _NOTHING
        without = (*(("text",) * self.scorer.both), *(("table",) * self.scorer.takes_table))
        rows = self._hits("image", without)
        samples = [self.scorer.samples[row] for row in rows]
        lost = {}
        for name, region in {**EDGES, "middle": MIDDLE, "surroundings": SURROUNDINGS}.items():
            scores, _ = self.scorer.scores(samples, without=without, cover=region, workers=self.workers)
            lost[name] = scores.argmax(axis=1) != self.labels[rows]
        return _Losses(self.labels[rows], lost)

    def reliance(self, label: int, words: _Losses, pictures: _Losses) -> Reliance:
        """Sum up one class."""
        shares = {trace.word: _share(*words.of_class(label, trace.word)) for trace in self.traces[label]}
        word, word_share = _greatest(shares)
        edges = {edge: _share(*pictures.of_class(label, edge)) for edge in EDGES if pictures.lost}
        edge, edge_share = _greatest(edges)
        lost, tried = pictures.of_class(label, "middle") if pictures.lost else (0, 0)
        return Reliance(
            label=label,
            name=self.names[label],
            hits=int((words.labels == label).sum()),
            word=word,
            word_share=word_share,
            image_hits=tried,
            edge=edge,
            edge_share=edge_share,
            background_share=(tried - lost) / tried if tried else float("nan"),
            alarms=(*self._word_alarms(label, words), *self._picture_alarms(label, pictures)),
        )

    def _word_alarms(self, label: int, words: _Losses) -> Iterator[str]:
        for trace in {trace.line: trace for trace in reversed(self.traces[label])}.values():  # one for each line
            lost, tried = words.of_class(label, trace.word)
            taken, others = self.taken.get((label, trace.word), (0, 0))
            heeded = []
            if self._is_heeded(lost, tried, self.lost_by_chance):
                chance = f"{_share(*self.lost_by_chance.tolist()):.1%} of all hits need any other of their lines"
                heeded.append(f"{lost / tried:.0%} of its hits need the word {trace.word!r} ({chance})")
            if self._is_heeded(taken, others, self.taken_by_chance):
                share = f"{taken / others:.0%} of the other classes' hits"
                chance = f"{_share(*self.taken_by_chance.tolist()):.1%} with any other line"
                heeded.append(f"{share} are taken for it when the line {trace.line!r} is added ({chance})")
            if trace.is_suspicious and heeded:
                place = ""
                if trace.is_fixed and trace.place is not None:
                    place = f"always at the same place ({_where(*trace.place)}), "
                yield (
                    f"class {self.names[label]}: {', and '.join(heeded)}. It is on {trace.share:.0%} of the class's "
                    f"training texts and {trace.elsewhere:.1%} of the others, {place}and no part of the class's name"
                )

    def _is_heeded(self, changed: int, tried: int, by_chance: np.ndarray) -> bool:
        """Return whether significantly more hits change than by chance: how many of how many did."""
        marks = sum(trace.is_suspicious for traces in self.traces for trace in traces)
        share = (by_chance[0] + 1) / (by_chance[1] + 1)  # at least that of one hit
        return bool(changed and binom.sf(changed - 1, tried, share) < _CHANCE / max(1, 2 * marks))

    def _picture_alarms(self, label: int, pictures: _Losses) -> Iterator[str]:
        if not pictures.lost:
            return
        for edge in EDGES:
            lost, tried = pictures.of_class(label, edge)
            if lost >= _HALF * tried and self._is_unusual(label, pictures, edge):
                yield (
                    f"class {self.names[label]}: {lost / tried:.0%} of the hits of its pictures need the {edge} edge "
                    f"(in other classes {pictures.elsewhere(label, edge):.0%}): look for a watermark or a frame there"
                )
        lost, tried = pictures.of_class(label, "middle")
        bare, _ = pictures.of_class(label, "surroundings")
        if (
            tried - lost >= max(_FEWEST, _MOST * tried)
            and bare >= _HALF * tried
            and self._is_unusual(label, pictures, "surroundings")
        ):
            yield (
                f"class {self.names[label]}: {1 - lost / tried:.0%} of the hits of its pictures stay when the middle "
                f"is covered, and {bare / tried:.0%} are lost when all but the middle is (in other classes "
                f"{pictures.elsewhere(label, 'surroundings'):.0%}): its background tells it apart"
            )

    def _is_unusual(self, label: int, pictures: _Losses, missing: str) -> bool:
        """Return whether a class loses significantly more hits than the others do, and enough to tell."""
        lost, tried = pictures.of_class(label, missing)
        chance = _CHANCE / len(self.names) / len(pictures.lost)
        return lost >= _FEWEST and binom.sf(lost - 1, tried, pictures.elsewhere(label, missing)) < chance

    def _hits(self, key: str, without: tuple[str, ...]) -> np.ndarray:
        """Return rows of the list that the model gets right, by class and at most ``per_class`` of each."""
        known = self.predictions.get(key)
        if known is not None and known.images != [sample.image.image_id for sample in self.scorer.samples]:
            raise UserError("shortcuts: the predictions are those of another list than the config's test list")
        if known is None:
            scores, errors = self.scorer.scores(self.scorer.samples, without=without, workers=self.workers)
            unreadable = [row for row, error in enumerate(errors) if error is not None]
        else:
            scores, unreadable = known.scores, list(known.errors)
        hit = scores.argmax(axis=1) == self.labels
        hit[unreadable] = False
        rows = [np.flatnonzero(hit & (self.labels == label)) for label in range(len(self.names))]
        return np.concatenate([_spread(found, self.per_class) for found in rows])


def _training_texts(scorer: Scorer) -> Iterator[tuple[OCRRecord, int]]:
    if scorer.cfg.get("train_dataloader") is None:
        raise UserError(f"shortcuts: config {scorer.cfg.filename} has no train_dataloader, whose texts are needed")
    with building(scorer.cfg):
        dataset = DATASETS.build(scorer.cfg.train_dataloader.dataset)
    for leaf in leaf_datasets(dataset):
        labels = dataset_labels(leaf, scorer.inferencer.classes)
        if labels is None or labels.ndim == 2:
            continue
        for row, label in enumerate(labels.tolist()):
            record = leaf.get_data_info(row).get("ocr")
            if record is not None and label >= 0:
                yield record, label


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _greatest(shares: Mapping[str, float]) -> tuple[str | None, float]:
    """Return the key with the greatest share, None where all are 0."""
    key = max(shares, key=lambda name: shares[name], default=None)
    return (None, 0.0) if key is None or not shares[key] else (key, shares[key])


def _spread(rows: np.ndarray, count: int) -> np.ndarray:
    """Return at most ``count`` of the rows, at equal distances."""
    return rows if len(rows) <= count else rows[np.arange(count) * len(rows) // count]


def _where(x: float, y: float) -> str:
    """Name a place, given in fractions of the picture."""
    row = ("top", "", "bottom")[min(int(3 * max(y, 0.0)), 2)]
    column = ("left", "", "right")[min(int(3 * max(x, 0.0)), 2)]
    return " ".join(filter(None, (row, column))) or "middle"
