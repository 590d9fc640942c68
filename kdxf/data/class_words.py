"""The words that set each class apart, and class names made of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from tqdm import tqdm

from kdxf.data.lists import ImageList
from kdxf.data.word_scores import NAMING, telling_words
from kdxf.io.class_names import order_ids
from kdxf.io.pages import HTMLReport
from kdxf.text.ocr.table import OCRTable
from kdxf.text.tokenizers import BaseTokenizer
from kdxf_runtime.io.files import write_whole

# Words of a class that the page shows unfolded.
_SHOWN = 5


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

    A word counts once per image. Words with digits and single letters are left out; the others are scored and chosen by
    :func:`kdxf.data.word_scores.telling_words`.

    Args:
        frame: A list, with the columns ``image`` and ``label``.
        ocr: The OCR table.
        tokenizer: The tokenizer of the lines.
        top: Words per class, of those with a score above zero.
        examples: Images per class.
    """
    ids = order_ids(frame["label"])
    labels = pd.Categorical(frame["label"], categories=ids).codes.astype(np.int64)
    images, codes, vocabulary = words_of_images(frame["image"].tolist(), ocr, tokenizer)
    shape = (len(ids), max(len(vocabulary), 1))
    sizes = np.bincount(labels, minlength=len(ids))
    table = telling_words(coo_array((np.ones(len(codes)), (labels[images], codes)), shape=shape), sizes, top)
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


def words_of_images(
    images: Sequence[str], ocr: OCRTable, tokenizer: BaseTokenizer
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return distinct pairs (row of the list, index of a word on its image), and the words."""
    number: dict[str, int] = {}
    rows, codes = [], []
    for index, row in enumerate(tqdm(ocr.rows_of(images).tolist(), desc="words", unit=" images", disable=None)):
        texts = ocr.record(row).texts if row >= 0 else []
        for word in dict.fromkeys(word for line in texts for word in tokenizer.tokenize(line) if NAMING.match(word)):
            rows.append(index)
            codes.append(number.setdefault(word, len(number)))
    return np.array(rows, np.int64), np.array(codes, np.int64), list(number)


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
    named = len(separating.ids) - len(nameless)
    page.summary(
        f"{named} of {len(separating.ids)} classes got a name from their words. Compare each name with its pictures, "
        "correct it in the JSON file, then give that to tools/data/split.py as --class-names."
    )
    page.text(
        "A word's score says how many standard deviations it is more frequent in the class than elsewhere; how many "
        "images show it says whether it makes a name."
    )
    if nameless:
        with page.details(f"Classes without telling words, which keep their id ({len(nameless)})"):
            page.text(", ".join(nameless))
    groups = dict(iter(separating.words.groupby("id", sort=False)))
    columns = ["word", "images of the class", "other images", "score"]
    for item, count, with_words in separating.texts.itertuples(index=False):
        page.heading(f"{item}: {names[item]}" if names[item] != item else item)
        page.text(f"{count:,} images, {with_words:,} with words")
        if item in groups:
            table: pd.DataFrame = groups[item]
            rows = table[["word", "images", "elsewhere", "score"]].itertuples(index=False)
            page.table(columns, rows, fold_after=_SHOWN)
        shown = images.frame["image"].iloc[separating.examples[item]]
        page.pictures((images.root / image, image) for image in shown)
    return page
