"""What each modality is worth, class by class. n images, K classes."""

import numpy as np
import pandas as pd

from kdxf.analysis.report.evidence import Evidence
from kdxf.evaluation.score_files import hits_by_class


def modality_table(evidence: Evidence) -> pd.DataFrame:
    """Return the share of the images of each class that is right, in percent, with all and with less to see.

    Returns:
        A row per class that has images: ``class``, ``images``, ``both``, a column for each of ``evidence.alone``, and
        ``text adds``: both less the image alone, where that is there. Classes to which the text adds most come first;
        of equals, and without that column, those with the most images.
    """
    columns = {"both": evidence.right}
    columns |= {name: part.scores.argmax(axis=1) == evidence.labels for name, part in evidence.alone.items()}
    table = hits_by_class(np.stack(list(columns.values()), axis=1), evidence.labels, evidence.classes, list(columns))
    order = ["images"]
    if "image alone" in table:
        table["text adds"] = table["both"] - table["image alone"]
        order = ["text adds", "images"]
    return table.sort_values(order, ascending=False, kind="stable").reset_index(drop=True)
