"""The images of a report as a table, for a spreadsheet or another tool."""

import numpy as np
import pandas as pd

from kdxf.analysis.report.evidence import Evidence
from kdxf.analysis.report.examples import losses
from kdxf.io.predictions import margins


def image_table(evidence: Evidence) -> pd.DataFrame:
    """Return a row per image, in the order of the predictions.

    Returns:
        ``image``, ``label``, ``predicted`` (class names), ``right``, ``score`` (of the best class), ``label_score``,
        ``loss`` (cross entropy), ``margin`` (before the second best class), the class that the model gives with less
        to see (``image alone``, ...), ``text``, and ``error``: why the image could not be read. Where an image may
        have several labels they are joined by ``|``, and ``label_score`` and ``margin`` are left out.
    """
    predictions = evidence.predictions
    rows, listed = np.arange(len(predictions)), range(len(predictions))
    single = (
        {}
        if evidence.multi_label
        else {
            "label_score": predictions.scores[rows, evidence.labels],
            "margin": margins(predictions.scores),
        }
    )
    columns = {
        "image": predictions.images,
        "label": [evidence.label(index) for index in listed],
        "predicted": [evidence.answer(index) for index in listed],
        "right": evidence.right,
        "score": predictions.best()[1],
        "loss": losses(predictions.scores, evidence.labels),
        **single,
        **{name: [evidence.answer(index, part) for index in listed] for name, part in evidence.alone.items()},
        "text": [evidence.text(index) for index in listed],
        "error": [predictions.errors.get(index) for index in listed],
    }
    return pd.DataFrame(columns)
