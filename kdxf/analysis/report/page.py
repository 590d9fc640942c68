"""The page: sections of a report, each with a sentence that says what to read in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, f1_score

from kdxf.analysis.baselines import BaselineTable, compare
from kdxf.analysis.explain.drawing import CAPTION, HEATMAP_CAPTION, draw_explanation, draw_heatmap
from kdxf.analysis.explain.explanation import Explanation
from kdxf.analysis.explain.shortcuts import Reliance
from kdxf.analysis.report.evidence import IMAGE_ALONE, NO_TABLE, TEXT_ALONE, Evidence, answers
from kdxf.analysis.report.examples import Example, narrow_hits, worst_errors
from kdxf.analysis.report.gates import Gates
from kdxf.analysis.report.modalities import modality_table
from kdxf.analysis.report.similar import alike_in_words, map_images
from kdxf.evaluation.calibration.reliability import expected_calibration_error, reliability
from kdxf.evaluation.calibration.selective import coverage_accuracy
from kdxf.evaluation.calibration.temperature import cross_fitted
from kdxf.evaluation.class_scores import average_precisions, class_scores, cluster_order, confused_pairs, one_hot
from kdxf.io.charts import Line, heat_matrix, line_chart, scatter_chart
from kdxf.io.pages import Bar, HTMLReport, Percent, Picture
from kdxf.io.predictions import Predictions
from kdxf_runtime.io.images import ImageReadError, read_image
from kdxf_runtime.io.pixels import shrink
from kdxf_runtime.trust.confidences import confidences
from kdxf_runtime.trust.selective import for_budget
from kdxf_runtime.trust.wilson import wilson

MODEL = "this model"
_PAIRS = 50
_PAIRS_SHOWN = 6  # with pictures, before the rest folds
_FOLDED = 25  # rows of a table
_GAINS = ("text adds", "table adds")
_MAPPED = 600  # pictures on the map
_REVIEW = 0.05
_ONE_LABEL_ONLY = (
    "An image of this list may have several classes, so what needs one label per image is not here: the matrix of "
    "confusions (the pairs of classes are), calibration, the plainest models beside this one, shortcuts, and right "
    "answers that were almost wrong."
)
_SIDE = 480  # pixels of a picture whose lines and heatmap are to be seen
_PAIR_SIDE, _MAP_SIDE = 200, 112


@dataclass(frozen=True)
class Findings:
    """What running the model again has told, beyond its predictions; each may be missing.

    Attributes:
        explanations: By the index of the image.
        gates: Of all images.
        reliances: What the hits of each class hang on.
        log: The curves of the training run (:mod:`kdxf.analysis.report.training_log`).
        left_out: Why something is missing, in sentences.
    """

    explanations: dict[int, Explanation]
    gates: Sequence[Gates]
    reliances: Sequence[Reliance]
    log: pd.DataFrame
    left_out: Sequence[str]


def build_page(title: str, evidence: Evidence, findings: Findings, errors: int = 24, hits: int = 12) -> HTMLReport:
    """Build the page.

    Args:
        title: Of the page.
        evidence: What the model says of a labelled list.
        findings: What it says when it is run again.
        errors: How many wrong answers are shown.
        hits: How many right answers that were almost wrong are shown.
    """
    page = HTMLReport(title, _SIDE)
    _headline(page, evidence)
    _errors(page, evidence, findings, errors, hits)
    _classes(page, evidence)
    _confusions(page, evidence)
    _modalities(page, evidence, findings)
    _gates(page, evidence, findings)
    if not evidence.multi_label:
        _calibration(page, evidence)
    _map(page, evidence)
    _words(page, evidence)
    _curves(page, findings)
    _data(page, evidence)
    if evidence.multi_label:
        page.text(_ONE_LABEL_ONLY)
    for sentence in findings.left_out:
        page.text(sentence)
    return page


def _headline(page: HTMLReport, evidence: Evidence) -> None:
    share = _share(evidence.right)
    what = "Exactly the right classes" if evidence.multi_label else "Right"
    page.summary(
        f"{what} for {share.value:.1f} % of {len(evidence.files):,} images (95 % interval {share.low:.1f} to "
        f"{share.high:.1f})."
    )
    seen = evidence.predictions.seen
    if seen is not None and seen.any():
        page.warning(
            f"The model was trained on {int(seen.sum()):,} of these images, so every figure here is too good. Make the "
            "report on a list that it has not seen."
        )
    page.heading("How good is it?")
    models = {MODEL: evidence.predictions, **{f"{MODEL}, {name}": part for name, part in evidence.alone.items()}}
    if evidence.multi_label:
        page.text(
            "Average precision: how well the scores of a class put its images before the others, whatever the "
            "threshold; here the mean over the classes, in percent. F1: of all answers together. All right: the share "
            "of the images with exactly the right classes, with its 95 % interval (Wilson)."
        )
        page.table(
            ["model", "average precision %", "F1 %", "all right %"],
            [_set_scores(evidence, *model) for model in models.items()],
        )
        return
    if not evidence.baselines:
        rows = [(name, _share(evidence.is_right(part))) for name, part in models.items()]
        page.text("Top-1 accuracy in percent, with its 95 % interval (Wilson).")
        page.table(["model", "top-1 %"], rows)
        return
    compared: BaselineTable = compare(evidence.baselines, models, judged=[MODEL])
    for verdict in compared.verdicts:
        page.summary(verdict[0].upper() + verdict[1:])
    page.text(
        "Top-1 accuracy in percent with its 95 % interval, beside the plainest models a person would try. The last "
        "column is the difference from the best of these, image by image; if its interval contains 0, it may be chance."
    )
    shown = compared.rows
    page.table(
        ["model", "top-1 %", "against the best baseline"],
        [
            (
                name,
                Percent(top, low, high),
                "" if np.isnan(gain) else f"{gain:+.1f} ({gain_low:+.1f} to {gain_high:+.1f})",
            )
            for name, top, low, high, gain, gain_low, gain_high in shown.drop(columns="seconds").itertuples(index=False)
        ],
    )


def _set_scores(evidence: Evidence, name: str, part: Predictions) -> tuple[str, Percent, Percent, Percent]:
    """Return a row of the headline of a model whose images may have several labels."""
    precision = float(np.nanmean(average_precisions(evidence.labels, part.scores)))
    f1 = 100 * float(f1_score(evidence.labels, answers(part), average="micro", zero_division=np.nan))
    return name, Percent(precision), Percent(f1), _share(evidence.is_right(part))


def _share(right: np.ndarray) -> Percent:
    low, high = wilson(np.array(right.sum()), np.array(len(right)))
    return Percent(100 * float(right.mean()), 100 * float(low), 100 * float(high))


def _errors(page: HTMLReport, evidence: Evidence, findings: Findings, errors: int, hits: int) -> None:
    worst, narrow = worst_errors(evidence, errors), narrow_hits(evidence, hits)
    page.heading("Where it errs")
    if not worst:
        page.text("It makes no error on this list.")
    else:
        page.text(
            "The wrong answers, those of the highest loss first: wrong labels and pictures of several things are often "
            "among the first."
        )
        if findings.explanations:
            page.text(f"The views of a picture: {CAPTION} {HEATMAP_CAPTION}")
        for example in worst:
            _example(page, evidence, findings, example)
    if narrow:
        page.subheading("Right, but only just")
        page.text("The right answers with the smallest margin before the second best class.")
        with page.details(f"{len(narrow)} images"):
            for example in narrow:
                _example(page, evidence, findings, example)


def _example(page: HTMLReport, evidence: Evidence, findings: Findings, example: Example) -> None:
    classes, index = evidence.classes, example.index
    explanation = findings.explanations.get(index)
    parts = {"answer": evidence.predictions, **evidence.alone}
    caption = [f"{evidence.predictions.images[index]}", f"label: {evidence.label(index)}"]
    caption += [f"{name}: {_said(evidence, index, part)}" for name, part in parts.items()]
    if error := evidence.predictions.errors.get(index):
        caption.append(f"could not be read: {error}")
    if text := evidence.text(index):
        caption.append(f"text: {text}")
    picture = Picture(evidence.files[index], "\n".join(caption))
    if explanation is not None and explanation.error is None:
        picture = _explained(explanation, picture.caption)
    rows: list[tuple[str, Bar]] = [(classes[place], Bar(share)) for place, share in example.best]
    missing = set(np.flatnonzero(one_hot(evidence.labels[[index]], len(classes))[0])) - {
        place for place, _ in example.best
    }
    for label in sorted(missing):
        rows.append((f"{classes[label]} (the label)", Bar(float(evidence.predictions.scores[index, label]))))
    with page.beside():
        page.pictures([picture])
        page.table(["class", "score"], rows)
        if explanation is not None and explanation.words:
            page.table(
                ["without the word", f"the score of {classes[explanation.predicted]} changes by, in points"],
                [(word.word, round(100 * word.predicted, 1)) for word in explanation.words],
            )


def _said(evidence: Evidence, index: int, part: Predictions) -> str:
    """Return the answer to an image; with its score, where it is one class."""
    score = "" if evidence.multi_label else f" ({100 * float(part.scores[index].max()):.0f} %)"
    return f"{evidence.answer(index, part)}{score}"


def _explained(explanation: Explanation, caption: str) -> Picture:
    """Return the photograph with the views of an explanation laid over it."""
    photograph = read_image(explanation.path)
    views = {}
    if explanation.record.texts and explanation.record.boxes.any():
        views["text"] = draw_explanation(photograph, explanation, _SIDE)
    if explanation.heatmap is not None:
        views["heatmap"] = draw_heatmap(photograph, explanation.heatmap, _SIDE)
    return Picture(photograph, caption, views)


def _classes(page: HTMLReport, evidence: Evidence) -> None:
    table = class_scores(evidence.labels, evidence.predicted, evidence.classes)
    page.heading("Class by class")
    page.text(
        "Precision: of the images that are taken for the class, the share that is of it. Recall: of the images of the "
        "class, the share that is found. A class with few images has a wide interval; do not read much into it."
    )
    order = table.sort_values(["f1", "images"], ascending=[True, False], kind="stable")
    if len(weak := order[(order["f1"] < 50) & (order["images"] > 0)]):
        shown = ", ".join(weak["class"][:3])
        page.text(f"{len(weak)} of {len(table)} classes have an F1 below 50; the weakest: {shown}.")
    titles = ["class", "images", "taken for it", "precision %", "recall %", "F1 %"]
    ranked: dict[str, float] = {}
    if evidence.multi_label:
        titles.append("average precision %")
        values = average_precisions(evidence.labels, evidence.predictions.scores)
        ranked = dict(zip(evidence.classes, values.tolist(), strict=True))
    page.table(
        titles,
        [
            (
                row["class"],
                int(row["images"]),
                int(row["predicted"]),
                Percent(row["precision"], row["precision low"], row["precision high"]),
                Percent(row["recall"], row["recall low"], row["recall high"]),
                Percent(row["f1"]),
                *([Percent(ranked[row["class"]])] if ranked else []),
            )
            for _, row in order.iterrows()
        ],
        sortable=True,
        fold_after=_FOLDED,
    )


def _confusions(page: HTMLReport, evidence: Evidence) -> None:
    pairs = confused_pairs(evidence.labels, evidence.predicted, _PAIRS)
    if pairs.empty:
        return
    classes = evidence.classes
    page.heading("What is taken for what")
    label, taken, images, share = next(pairs.itertuples(index=False))
    page.summary(f"Most often {classes[label]} is taken for {classes[taken]}: {images} images, {share:.0f} % of them.")
    if evidence.multi_label:
        page.text(
            "Counted are images of a class that is not found, and for which another is given that they are not of."
        )
    else:
        _matrix(page, evidence)
    page.subheading(f"The {len(pairs)} most confused pairs")
    page.text("On the left an image of the first class that is taken for the second, on the right one of the second.")
    shown, rest = pairs[:_PAIRS_SHOWN], pairs[_PAIRS_SHOWN:]
    _pairs(page, evidence, shown)
    if len(rest):
        with page.details(f"{len(rest)} more pairs"):
            _pairs(page, evidence, rest)


def _matrix(page: HTMLReport, evidence: Evidence) -> None:
    classes = evidence.classes
    matrix = confusion_matrix(evidence.labels, evidence.predicted, labels=np.arange(len(classes)))
    present = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
    order = present[cluster_order(matrix[np.ix_(present, present)])]
    page.text(
        "Each row is a class, each column what it is taken for; classes that are confused stand side by side, so "
        "errors between alike classes are near the diagonal, and a cell far from it is a surprise. Point at a cell to "
        "read it, or search for a class."
    )
    names, cells = [classes[index] for index in order], matrix[np.ix_(order, order)]

    def title(row: int, column: int) -> str:
        return f"{names[row]}, taken for {names[column]}: {cells[row, column]} of {cells[row].sum()}"

    shares = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)
    page.drawing(heat_matrix(shares, names, names, title, "label", "answer"))


def _pairs(page: HTMLReport, evidence: Evidence, pairs: pd.DataFrame) -> None:
    for label, taken, images, share in pairs.itertuples(index=False):
        missed, given = evidence.has(label) & ~evidence.gives(label), evidence.gives(taken) & ~evidence.has(taken)
        wrong = int(np.flatnonzero(missed & given)[0])
        of_other = np.flatnonzero(evidence.has(taken))
        right = of_other[np.argsort(~evidence.gives(taken)[of_other], kind="stable")][:1]
        first, second = evidence.classes[label], evidence.classes[taken]
        caption = f"{first}\ntaken for {second}: {images} of its images ({share:.0f} %)"
        pictures = [Picture(_thumbnail(evidence.files[wrong], _PAIR_SIDE), caption)]
        pictures += [Picture(_thumbnail(evidence.files[index], _PAIR_SIDE), second) for index in right.tolist()]
        page.pictures(pictures)


def _thumbnail(path: str, side: int) -> np.ndarray | str:
    """Return a picture with a longer edge of ``side`` pixels, or the path of one that cannot be read."""
    try:
        return shrink(read_image(path, min_edge=side), side)
    except ImageReadError:
        return path


def _modalities(page: HTMLReport, evidence: Evidence, findings: Findings) -> None:
    alarms = [alarm for reliance in findings.reliances for alarm in reliance.alarms]
    if not evidence.alone and not alarms:
        return
    page.heading("What image and text are worth")
    for alarm in alarms:
        page.warning(alarm)
    if alarms:
        page.summary(f"{len(alarms)} classes may hang on a shortcut: see what image and text are worth.")
    if not evidence.alone:
        return
    table = modality_table(evidence)
    if evidence.multi_label:
        sentence = "Of each class, the average precision with image and text, and with less to see."
    else:
        sentence = "Of each class, the share of its images that is right with image and text, and with less to see."
    if "text adds" in table:
        gain = float(table["text adds"].mean())
        if not evidence.multi_label:
            both = evidence.is_right(evidence.alone.get(NO_TABLE, evidence.predictions))
            gain = 100 * float((both * 1.0 - evidence.is_right(evidence.alone[IMAGE_ALONE])).mean())
        helped, hurt = int((table["text adds"] > 0).sum()), int((table["text adds"] < 0).sum())
        sentence += (
            f" The text adds {gain:+.1f} points in all: {helped} classes gain, {hurt} lose. Where a class loses, its "
            "text misleads: look at its words."
        )
    if "table adds" in table:
        gain = float(table["table adds"].mean())
        if not evidence.multi_label:
            gain = 100 * float((evidence.right * 1.0 - evidence.is_right(evidence.alone[NO_TABLE])).mean())
        sentence += f" The columns of the table add {gain:+.1f} points."
    if {IMAGE_ALONE, TEXT_ALONE} <= evidence.alone.keys():
        image, text = (evidence.is_right(evidence.alone[name]) for name in (IMAGE_ALONE, TEXT_ALONE))
        either = 100 * float((image | text).mean())
        sentence += f" Image alone or text alone is right for {either:.1f} %, which a perfect fusion would reach."
    page.text(sentence)
    shares = [str(name) for name in table if name not in ("class", "images", *_GAINS)]
    rows = [
        (
            row["class"],
            int(row["images"]),
            *(Percent(row[name]) for name in shares),
            *(f"{row[name]:+.0f}" for name in _GAINS if name in table),
        )
        for _, row in table.iterrows()
    ]
    titles = ["class", "images", *(f"{name} %" for name in shares), *(name for name in _GAINS if name in table)]
    page.table(titles, rows, sortable=True, fold_after=_FOLDED)


def _gates(page: HTMLReport, evidence: Evidence, findings: Findings) -> None:
    if not findings.gates:
        return
    page.heading("Whom the gates listen to")
    page.text(
        "The mean weight of each expert, or of image and text, for the images of each class. If all rows are alike, "
        "the gates have learned nothing about classes. 'none' is the expert that votes for no class."
    )
    for gates in findings.gates:
        page.subheading(gates.part)
        means = {"all images": gates.values.mean(axis=0)}
        for label, name in enumerate(evidence.classes):
            if (own := evidence.has(label)).any():
                means[name] = gates.values[own].mean(axis=0)
        rows = [(name, *(Bar(float(value), f"{value:.2f}") for value in row)) for name, row in means.items()]
        page.table(["class", *gates.names], rows, sortable=True, fold_after=_FOLDED)


def _calibration(page: HTMLReport, evidence: Evidence) -> None:
    scores, labels = evidence.predictions.scores, evidence.labels
    page.heading("Do the scores mean what they say?")
    fitted = _cross_fitted(scores, labels)
    before = expected_calibration_error(scores, labels)
    sentence = (
        "Of the images with a score of about 70 %, 70 % should be right: the points should lie on the diagonal. Below "
        f"it the model is too sure. The mean distance (expected calibration error) is {100 * before:.1f} points"
    )
    if fitted is not None:
        after = expected_calibration_error(fitted, labels)
        sentence += f"; with a temperature fitted on the other four fifths of the images it would be {100 * after:.1f}"
    page.text(sentence + ". 'kdxf calibrate' stores a temperature beside the checkpoint.")
    series = []
    for name, values in (("as they are", scores), ("with a temperature", fitted)):
        if values is not None:
            bins = reliability(values, labels)
            series.append(Line(name, 100 * bins["confidence"].to_numpy(), 100 * bins["accuracy"].to_numpy()))
    diagonal = Line("as they should be", [0, 100], [0, 100], dashed=True)
    page.drawing(line_chart([diagonal, *series], x_label="score %", y_label="right %"))
    page.subheading("How many images could be left to the model")
    rest = for_budget(*confidences(scores, labels), _REVIEW)
    page.text(
        "If a person looks at the images with the lowest scores, the rest is right more often. Without the least sure "
        f"{100 * (1 - rest.coverage):.0f} %, the model is right for {100 * rest.accuracy:.1f} % "
        f"({100 * rest.low:.1f} to {100 * rest.high:.1f})."
    )
    curve = coverage_accuracy(scores, labels)
    page.drawing(
        line_chart(
            [Line("accuracy", 100 * curve["coverage"].to_numpy(), 100 * curve["accuracy"].to_numpy())],
            x_label="images left to the model, %",
            y_label="right %",
        )
    )


def _cross_fitted(scores: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    try:
        return cross_fitted(scores, labels)
    except ValueError:  # too few images
        return None


def _map(page: HTMLReport, evidence: Evidence) -> None:
    rows, places = map_images(evidence.predictions.scores)
    if not len(rows):
        return
    page.heading("Map of the images")
    page.text(
        "Images that the model scores alike lie near each other (t-SNE of the log-scores). A wrong image inside of a "
        "group of another class is one that the model is sure of: look at its label. Point at a dot to see its picture."
    )
    shown = rows[:: max(1, -(-len(rows) // _MAPPED))]
    kept = np.isin(rows, shown)
    wrong = ~evidence.right[shown]
    titles = [
        f"{evidence.predictions.images[row]}: {evidence.label(row)}"
        + (f", taken for {evidence.answer(row)}" if not evidence.right[row] else "")
        for row in shown
    ]
    page.drawing(
        scatter_chart(
            places[kept, 0],
            places[kept, 1],
            titles,
            groups=["wrong" if flag else "right" for flag in wrong],
            pictures=[page.keep(_thumbnail(evidence.files[row], _MAP_SIDE)) for row in shown],
        )
    )


def _words(page: HTMLReport, evidence: Evidence) -> None:
    if evidence.train is None:
        return
    table = alike_in_words(evidence.train.labels, evidence.train.texts, evidence.classes)
    if table.empty:
        return
    page.heading("Classes with the same words")
    page.text(
        "Pairs of classes whose training texts are most alike (cosine of their TF-IDF vectors, 1: the same). The text "
        "cannot tell them apart, so the image must."
    )
    pairs = {frozenset(row[:2]): row for row in table.itertuples(index=False)}
    page.table(["class", "is like", "similarity"], list(pairs.values()), sortable=True, fold_after=_FOLDED)


def _curves(page: HTMLReport, findings: Findings) -> None:
    if findings.log.empty:
        return
    page.heading("How it was trained")
    page.text("The loss should fall and then flatten; a score that falls while the loss still does is overfitting.")
    losses = findings.log["name"].str.endswith("loss")
    for title, table in (("loss", findings.log[losses]), ("score", findings.log[~losses])):
        series = [
            Line(str(name), group["step"].to_numpy(float), group["value"].to_numpy(float))
            for name, group in table.groupby("name")
            if not str(name).endswith("stderr")
        ]
        if series:
            page.drawing(line_chart(series, x_label="epoch", y_label=title))


def _data(page: HTMLReport, evidence: Evidence) -> None:
    page.heading("The data")
    sizes = one_hot(evidence.labels, len(evidence.classes)).sum(axis=0)
    rows: list[tuple[str, object]] = [
        ("images tested", len(evidence.files)),
        ("classes", len(evidence.classes)),
        ("classes without a test image", int((sizes == 0).sum())),
        ("images that could not be read", len(evidence.predictions.errors)),
    ]
    if evidence.train is not None:
        trained = np.bincount(evidence.train.labels, minlength=len(evidence.classes))
        rows += [
            ("images trained on", len(evidence.train.images)),
            ("training images of the smallest and the largest class", f"{trained.min():,} and {trained.max():,}"),
        ]
    if evidence.records is not None:
        words = np.array([len(evidence.text(index).split()) for index in range(len(evidence.files))])
        scores = np.concatenate([record.scores for record in evidence.records])
        engines = sorted({record.engine for record in evidence.records if record.engine})
        rows += [
            ("images without text", int((words == 0).sum())),
            ("words of an image: median, 95th percentile", f"{np.median(words):.0f}, {np.percentile(words, 95):.0f}"),
            ("median confidence of a line of text", float(np.median(scores)) if len(scores) else None),
            ("read by", ", ".join(engines) or "a column of the list"),
        ]
    page.table(["what", "figure"], rows)
