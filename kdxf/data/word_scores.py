"""How far words set a class apart from the others. K classes, V words."""

import re

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from kdxf_runtime.tokenizers.cleaning import HAN_CHARACTER

# Prices and sizes say little about what a picture shows, and a single Latin letter is mostly misread.
NAMING = re.compile(rf"(?!.*\d)(?:{HAN_CHARACTER.pattern}|\w.)")
# A word on a smaller share of a class's images is accidental or misread, however rare it is elsewhere.
MIN_SHARE = 0.1


def telling_words(counts: coo_array | csr_array, sizes: np.ndarray, top: int) -> pd.DataFrame:
    """Choose the words that set each class apart.

    Words on one image or on less than :data:`MIN_SHARE` of the images of the class are left out; for a class that
    repeats no word, the words on one image are kept.

    Args:
        counts: (K, V), the number of images of a class that show a word.
        sizes: int64 (K,), the images of each class.
        top: Words per class, of those with a score above zero.

    Returns:
        Rows of :func:`log_odds`, by class and then the best first.
    """
    table = log_odds(counts)
    several = table.groupby("class")["images"].transform("max") > 1
    table = table[(table["score"] > 0) & (~several | (table["images"] > 1))]
    table = table[table["images"] >= MIN_SHARE * sizes[table["class"]]]
    return table.sort_values(["class", "score"], ascending=[True, False], kind="stable").groupby("class").head(top)


def log_odds(counts: coo_array | csr_array) -> pd.DataFrame:
    """Score each word of each class: high if it is frequent in the class and rare elsewhere.

    The score is the log-odds ratio between the class and all others with an informative Dirichlet prior, in standard
    deviations: equation 22 of Monroe, Colaresi and Quinn, "Fightin' Words" (Political Analysis 2008). The prior is the
    word's overall frequency, and weighs as much as an average class.

    Args:
        counts: (K, V), the number of images of a class that show a word.

    Returns:
        One row per (class, word) that occurs, by class and word: ``class``, ``word`` (indices), ``images`` (of the
        class that show it), ``elsewhere`` (other images that show it), ``score``; not a number if there is only one
        word in all.
    """
    classes, words = counts.shape
    cells = counts.tocsr().tocoo()
    here, label, word = cells.data.astype(np.float64), cells.row, cells.col
    in_all, of_class = np.bincount(word, here, minlength=words), np.bincount(label, here, minlength=classes)
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
