"""The words that set each class apart, and class names made of them. n images, K classes, V words.

n images, K classes, V words.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from tqdm import tqdm

from kdxf.data.lists import ImageList
from kdxf.io.class_names import order_ids
from kdxf.io.files import write_whole
from kdxf.io.pages import HTMLReport
from kdxf.text.ocr.table import OCRTable
from kdxf.text.tokenizers import BaseTokenizer
from kdxf.text.tokenizers.cleaning import HAN_CHARACTER

# Prices and sizes say little about what a picture shows, and a single Latin letter is mostly misread.
_NAME = re.compile(rf"(?!.*\d)(?:{HAN_CHARACTER.pattern}|\w.)")

# A word on a smaller share of a class's images is accidental or misread, however rare it is elsewhere.
MIN_SHARE = 0.1


@dataclass(frozen=True)
class SeparatingWords:
    """The words that set classes apart.

    Attributes:
        ids: The K class ids, ordered.
        words: One row per (class, word), by class and then the best first: ``id``, ``word``, ``images`` (of the class
            that show it), ``elsewhere`` (other images that show it), ``score``.
        texts: One row per class: ``id``, ``images``, ``with_words``.
        examples: Class id to the rows of the list that show most of the class's best words.
    """

    ids: list[str]
    words: pd.DataFrame
    texts: pd.DataFrame
    examples: dict[str, list[int]]


def class_words(
    frame: pd.DataFrame, ocr: OCRTable, tokenizer: BaseTokenizer, top: int = 10, examples: int = 4
) -> SeparatingWords:
    """Find the words that separate each class from the others.

    A word counts once per image. Its score is the log-odds ratio between the class and all others with an informative
    Dirichlet prior, in standard deviations: equation 22 of Monroe, Colaresi and Quinn, "Fightin' Words" (Political
    Analysis 2008). The prior is the word's overall frequency, and weighs as much as an average class; so a word
    must be frequent in the class and rare elsewhere to score high. Words with digits and single letters are left out,
    and so are words on one image or on less than :data:`MIN_SHARE` of the images of the class; for a class that repeats
    no word, the words on one image are kept.

    Args:
        frame: A list, with the columns ``image`` and ``label``.
        ocr: The OCR table.
        tokenizer: The tokenizer of the lines.
        top: Words per class, of those with a score above zero.
        examples: Images per class.
    """
    ids = order_ids(frame["label"])
    labels = pd.Categorical(frame["label"], categories=ids).codes.astype(np.int64)
    images, codes, vocabulary = _words_of_images(frame["image"].tolist(), ocr, tokenizer)
    table = _scores(labels[images], codes, len(ids), len(vocabulary))
    several = table.groupby("class")["images"].transform("max") > 1
    sizes = np.bincount(labels, minlength=len(ids))
    table = table[(table["score"] > 0) & (~several | (table["images"] > 1))]
    table = table[table["images"] >= MIN_SHARE * sizes[table["class"]]]
    table = table.sort_values(["class", "score"], ascending=[True, False], kind="stable").groupby("class").head(top)
    has = np.zeros(len(frame), bool)
    has[images] = True
    with_words = np.bincount(labels[has], minlength=len(ids))
    best = table["class"] * len(vocabulary) + table["word"]
    hits = np.isin(labels[images] * len(vocabulary) + codes, best.to_numpy())
    richness = np.bincount(images[hits], minlength=len(frame))
    order = np.lexsort((-richness, labels))
    starts = np.cumsum(sizes) - sizes
    named = {"id": np.array(ids, object)[table["class"]], "word": np.array(vocabulary, object)[table["word"]]}
    return SeparatingWords(
        ids,
        table.assign(**named)[["id", "word", "images", "elsewhere", "score"]].reset_index(drop=True),
        pd.DataFrame({"id": ids, "images": sizes, "with_words": with_words}),
        {item: rows[:examples].tolist() for item, rows in zip(ids, np.split(order, starts[1:]), strict=True)},
    )


def suggest_names(separating: SeparatingWords, count: int = 2) -> tuple[dict[str, str], list[str]]:
    """Make a unique name for each class from its best words.

    A class whose name is already used gets further words, or its id if it has no more.

    Args:
        separating: The words.
        count: The number of words in a name.

    Returns:
        Class id to name, and the ids of classes without words, whose name is their id.
    """
    words = separating.words.groupby("id", sort=False)["word"].agg(list).to_dict()
    nameless = [item for item in separating.ids if item not in words]
    names, used = {}, set(nameless)
    for item in separating.ids:
        own = words.get(item, [item])
        choices = [" ".join(own[:length]) for length in range(min(count, len(own)), len(own) + 1)]
        choices += [f"{choices[0]} ({item})"]
        names[item] = item if item in used else next(name for name in choices if name not in used)
        used.add(names[item])
    return names, nameless


def _words_of_images(
    images: Sequence[str], ocr: OCRTable, tokenizer: BaseTokenizer
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return distinct pairs (row of the list, index of a word on its image), and the words."""
    number: dict[str, int] = {}
    rows, codes = [], []
    for index, row in enumerate(tqdm(ocr.rows_of(images).tolist(), desc="words", unit=" images", disable=None)):
        texts = ocr.record(row).texts if row >= 0 else []
        for word in dict.fromkeys(word for line in texts for word in tokenizer.tokenize(line) if _NAME.match(word)):
            rows.append(index)
            codes.append(number.setdefault(word, len(number)))
    return np.array(rows, np.int64), np.array(codes, np.int64), list(number)


def _scores(labels: np.ndarray, codes: np.ndarray, classes: int, words: int) -> pd.DataFrame:
    """Score each (class, word) that occurs; columns ``class``, ``word``, ``images``, ``elsewhere``, ``score``."""
    counts = coo_array((np.ones(len(codes)), (labels, codes)), shape=(classes, max(words, 1))).tocsr().tocoo()
    here, label, word = counts.data, counts.row, counts.col
    in_all, of_class = np.bincount(word, here, minlength=max(words, 1)), np.bincount(label, here, minlength=classes)
    total = in_all.sum()
    strength = total / classes
    prior = strength * in_all[word] / max(total, 1)
    elsewhere, size = in_all[word] - here, of_class[label]
    # A vocabulary of one word separates nothing: its score is not a number.
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(here + prior) - np.log(size + strength - here - prior)
        other = np.log(elsewhere + prior) - np.log(total - size + strength - elsewhere - prior)
        score = (odds - other) / np.sqrt(1 / (here + prior) + 1 / (elsewhere + prior))
    columns = {"class": label, "word": word, "images": here.astype(int), "elsewhere": elsewhere.astype(int)}
    return pd.DataFrame(columns).assign(score=score)


def write_names(names: Mapping[str, str], path: Path) -> None:
    """Write ``{"0": "name", ...}``, the form that ``--class-names`` of ``tools/data/split.py`` reads."""
    write_whole((json.dumps(names, ensure_ascii=False, indent=2) + "\n").encode(), path)


def format_names(separating: SeparatingWords, names: Mapping[str, str], nameless: Sequence[str]) -> str:
    """Return a line of text for each class, and the list of classes without words."""
    rows = zip(separating.texts["id"], separating.texts["images"], separating.texts["with_words"], strict=True)
    lines = [f"{'id':<24}{'images':>8}{'with words':>12}  name"]
    lines += [f"{item:<24}{images:>8}{words:>12}  {names[item]}" for item, images, words in rows]
    if nameless:
        lines.append(f"classes without telling words, which keep their id ({len(nameless)}): {', '.join(nameless)}")
    return "\n".join(lines)


def names_page(
    separating: SeparatingWords, names: Mapping[str, str], nameless: Sequence[str], images: ImageList
) -> HTMLReport:
    """Build a page with the words and some pictures of each class.

    Args:
        separating: The words.
        names: Class id to suggested name.
        nameless: Ids of classes without words.
        images: The list.
    """
    page = HTMLReport(f"Suggested class names of {images.source}", picture_width=180)
    page.text(
        "A word's score says how many standard deviations it is more frequent in the class than elsewhere; how many "
        "images show it says whether it makes a name."
    )
    if nameless:
        page.text(f"Classes without telling words, which keep their id ({len(nameless)}): {', '.join(nameless)}")
    groups = dict(iter(separating.words.groupby("id", sort=False)))
    for item, count, with_words in separating.texts.itertuples(index=False):
        page.heading(f"{item}: {names[item]}" if names[item] != item else item)
        page.text(f"{count} images, {with_words} with words")
        if item in groups:
            table: pd.DataFrame = groups[item]
            rows = table.assign(score=table["score"].round(1))[["word", "images", "elsewhere", "score"]]
            page.table(list(rows.columns), rows.astype(object).to_numpy().tolist())
        shown = images.frame["image"].iloc[separating.examples[item]]
        page.pictures((images.root / image, image) for image in shown)
    return page
