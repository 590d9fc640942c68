"""Explanations of single images. Shapes: n lines of text, K classes."""

from collections.abc import Sequence

import numpy as np

from kdxf.analysis.explain.explanation import Explanation, WordEffect
from kdxf.analysis.explain.heatmap import Heatmaps, NoHeatmapError
from kdxf.analysis.explain.leaving_out import pipeline_tokenizer, without_line, without_word, words_of
from kdxf.analysis.explain.scorer import Sample, Scorer
from kdxf.errors import UserError
from kdxf.progress import progress as showing_progress
from kdxf.text.tokenizers import BaseTokenizer


def explain(
    scorer: Scorer,
    images: Sequence[str],
    *,
    words: int = 10,
    heatmaps: bool = True,
    progress: bool = True,
) -> list[Explanation]:
    """Explain a model's answers for some images of the test list.

    Lines and words are left out one by one, and the changed image goes through the test pipeline and the model as in a
    test. That takes as many runs of the text side as an image has lines and words, and one of the image side.

    Args:
        scorer: The model, with its test list.
        images: Images as the list names them.
        words: Words to keep of each image.
        heatmaps: Make heatmaps, which needs the extra ``report``.
        progress: Show the progress.

    Returns:
        One explanation for each of ``images``, in their order.

    Raises:
        UserError: The list lacks an image, or the package grad-cam is missing.
    """
    rows = _rows(scorer, images)
    tokenizer = pipeline_tokenizer(scorer.pipeline())
    maker, reason = _heatmaps(scorer) if heatmaps else (None, "heatmaps were not asked for")
    found = []
    with showing_progress(len(rows), "explain", "images", progress) as advance:
        for row in rows:
            found.append(_explain(scorer, row, tokenizer, words, maker, reason))
            advance()
    return found


def _rows(scorer: Scorer, images: Sequence[str]) -> list[int]:
    """Find images in the list."""
    place = {sample.image.image_id: row for row, sample in enumerate(scorer.samples)}
    if unknown := [image for image in images if image not in place]:
        raise UserError(
            f"the test list of {scorer.cfg.filename} has no image {unknown[0]!r} (it starts with "
            f"{next(iter(place), None)!r}); name images as the list does"
        )
    return [place[image] for image in images]


def _heatmaps(scorer: Scorer) -> tuple[Heatmaps | None, str | None]:
    try:
        return Heatmaps(scorer), None
    except NoHeatmapError as error:
        return None, str(error)


def _explain(
    scorer: Scorer, row: int, tokenizer: BaseTokenizer, count: int, maker: Heatmaps | None, reason: str | None
) -> Explanation:
    sample = scorer.samples[row]
    image, record = sample.image, sample.record
    words = words_of(record, tokenizer)
    changed = [record]
    changed += [without_line(record, line) for line in range(len(record.texts))]
    changed += [without_word(record, word, tokenizer) for word in words]
    scores, errors = scorer.scores([Sample(image, text) for text in changed])
    label, predicted = _label(scorer, row, scores[0]), int(scores[0].argmax())
    effects = _effects(scores, predicted, label)
    lines, of_words = np.split(effects, [len(record.texts)])
    ordered = sorted(zip(words, of_words.tolist(), strict=True), key=lambda pair: -abs(pair[1][0]))
    heatmap = None
    if maker is not None:
        try:
            heatmap = maker.heatmap(sample, predicted)
        except NoHeatmapError as error:
            reason = str(error)
    return Explanation(
        image=image.image_id,
        path=image.path,
        error=errors[0],
        label=label,
        predicted=predicted,
        scores=scores[0],
        record=record,
        line_effects=lines,
        words=[WordEffect(word, *both) for word, both in ordered[:count]],
        heatmap=heatmap,
        no_heatmap=None if heatmap is not None else reason,
    )


def _label(scorer: Scorer, row: int, scores: np.ndarray) -> int | None:
    """Return the true class of a row of the list; of several that with the lowest score."""
    if scorer.labels is None:
        return None
    if scorer.labels.ndim == 2:
        true = np.flatnonzero(scorer.labels[row])
        return int(true[scores[true].argmin()]) if len(true) else None
    return None if scorer.labels[row] < 0 else int(scorer.labels[row])


def _effects(scores: np.ndarray, predicted: int, label: int | None) -> np.ndarray:
    """Return how the scores of both classes differ from those of the first row, float32 (rows - 1, 2)."""
    effects = np.full((len(scores) - 1, 2), np.nan, np.float32)
    for column, index in enumerate((predicted, label)):
        if index is not None:
            effects[:, column] = scores[1:, index] - scores[0, index]
    return effects
