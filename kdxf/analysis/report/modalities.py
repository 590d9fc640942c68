"""What each modality is worth, class by class. n images, K classes."""

import numpy as np
import pandas as pd

from kdxf.analysis.report.evidence import NO_TABLE, Evidence
from kdxf.evaluation.class_scores import average_precisions
from kdxf.evaluation.score_files import hits_by_class


def modality_table(evidence: Evidence) -> pd.DataFrame:
    """Return the share of the images of each class that is right, in percent, with all and with less to see.

    Where an image may have several labels it is the average precision of the class, which needs no threshold.

    Returns:
        A row per class that has images: ``class``, ``images``, ``both``, a column for each of ``evidence.alone``, and
        ``text adds``: both (without a table) less the image alone, where that is there; and ``table adds``: all less
        what is there without the table. Classes to which the text adds most come first;
        of equals, and without that column, those with the most images.
    """
    parts = {"both": evidence.predictions, **evidence.alone}
    if evidence.multi_label:
        table = pd.DataFrame({"class": evidence.classes, "images": evidence.labels.sum(axis=0)})
        table = table.assign(**{name: average_precisions(evidence.labels, part.scores) for name, part in parts.items()})
        table = table[table["images"] > 0]
    else:
        right = np.stack([evidence.is_right(part) for part in parts.values()], axis=1)
        table = hits_by_class(right, evidence.labels, evidence.classes, list(parts))
    order = ["images"]
    if "image alone" in table:
        table["text adds"] = table[NO_TABLE if NO_TABLE in table else "both"] - table["image alone"]
        order = ["text adds", "images"]
    if NO_TABLE in table:
        table["table adds"] = table["both"] - table[NO_TABLE]
    return table.sort_values(order, ascending=False, kind="stable").reset_index(drop=True)
