"""What is said about one image. Shapes: n lines of text, K classes."""

from dataclasses import dataclass

import numpy as np

from kdxf_runtime.ocr.record import OCRRecord


@dataclass(frozen=True)
class WordEffect:
    """What leaving a word out, wherever it stands in the image's text, does to the scores.

    Attributes:
        word: The word, as the pipeline's tokenizer writes it.
        predicted: The change of the predicted class's probability; below 0 the word spoke for the class.
        true: The same of the true class; NaN where it is not known.
    """

    word: str
    predicted: float
    true: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model gives an image its class.

    Attributes:
        image: The image, as the list names it.
        path: Its file.
        error: Why the file could not be read, else None; the model then saw a blank picture.
        label: The true class; in multi-label data that of the true classes which has the lowest score; None where it
            is not known.
        predicted: The class with the highest score.
        scores: float32 (K,), by image and text.
        record: The text of the image; empty for a model that takes none.
        line_effects: float32 (n, 2): for each line of ``record`` what leaving it out does to the probability of the
            predicted class and to that of the true class (NaN where it is not known). Below 0 the line spoke for the
            class.
        words: The words whose absence changes the predicted class's probability most, the greatest change first.
        heatmap: float32 (h, w), how much each place of the whole upright photograph spoke for the predicted class:
            1 at the strongest place, 0 at the weakest (and everywhere, if none did), NaN where the model does not see
            the photograph. h and w are those of the photograph, shrunk to 640 pixels at most.
        no_heatmap: Why there is no ``heatmap``, else None.
    """

    image: str
    path: str
    error: str | None
    label: int | None
    predicted: int
    scores: np.ndarray
    record: OCRRecord
    line_effects: np.ndarray
    words: list[WordEffect]
    heatmap: np.ndarray | None
    no_heatmap: str | None
