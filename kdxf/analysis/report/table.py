"""The images of a report as a table, for a spreadsheet or another tool."""

import numpy as np
import pandas as pd

from kdxf.analysis.report.evidence import Evidence
from kdxf.analysis.report.examples import losses
from kdxf.io.predictions import margins


def image_table(evidence: Evidence) -> pd.DataFrame:
    """Return a row per image, in the order of the predictions.

    Returns:
        ``image``, ``label``, ``predicted`` (class names), ``right``, ``score`` (of the predicted class),
        ``label_score``, ``loss`` (cross entropy), ``margin`` (before the second best class), the class that the model
        gives with less to see (``image alone``, ...), ``text``, and ``error``: why the image could not be read.
    """
    predictions, names = evidence.predictions, np.array(evidence.classes, dtype=object)
    rows = np.arange(len(predictions))
    columns = {
        "image": predictions.images,
        "label": names[evidence.labels],
        "predicted": names[evidence.predicted],
        "right": evidence.right,
        "score": predictions.scores[rows, evidence.predicted],
        "label_score": predictions.scores[rows, evidence.labels],
        "loss": losses(predictions.scores, evidence.labels),
        "margin": margins(predictions.scores),
        **{name: names[part.scores.argmax(axis=1)] for name, part in evidence.alone.items()},
        "text": [evidence.text(index) for index in rows.tolist()],
        "error": [predictions.errors.get(index) for index in rows.tolist()],
    }
    return pd.DataFrame(columns)
