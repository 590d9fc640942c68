"""What image, text and table are worth, image by image. Shapes: n images, K classes."""

from kdxf.analysis.explain.regions import MIDDLE
from kdxf.analysis.explain.scorer import Sample, Scorer
from kdxf.datasets.image_keys import are_among, image_keys
from kdxf.datasets.ocr_text_dataset import shuffled_rows
from kdxf.evaluation.covered_pictures import Cover
from kdxf.evaluation.shuffled_text import SEED
from kdxf.io.predictions import Predictions
from kdxf.io.provenance import Provenance


def modality_predictions(
    scorer: Scorer, *, background: bool = False, workers: int = 0, batch_size: int = 64
) -> dict[str, Predictions]:
    """Predict the test list by image and text, by one of them, and with texts that do not belong.

    ============== ================================================= =========================================
    key            the model gets                                    the same as ``tools/test.py``
    ============== ================================================= =========================================
    ``both``       image and text
    ``image``      the image; the text is silenced                   with ``--without text``
    ``text``       the text; the image is blank                      with ``--without image``
    ``shuffled``   the image, and another image's text               with ``--shuffle text``
    ``background`` the image without its middle, no text
    ``no_table``   image and text                                    with ``--without table``
    ============== ================================================= =========================================

    Of a model that takes a table ``both`` is with it, and ``image``, ``text`` and ``background`` are without it.

    Args:
        scorer: The model, with its test list.
        background: Predict by the background too; on stored features that runs the frozen backbone.
        workers: Loader processes.
        batch_size: Images in a batch.

    Returns:
        Predictions by key, all with the images and labels of the list in its order. Of a model of image or text
        there is ``image`` (and ``background``) or ``text`` alone; with a table ``both`` and ``no_table``.
    """
    source = Provenance.of_model(str(scorer.cfg.filename), scorer.digest, scorer.checkpoint, tta=False)
    predictor = _ListPredictor(scorer, source, {"workers": workers, "batch_size": batch_size})
    takes_image = scorer.takes_image
    table = ("table",) * scorer.takes_table
    if not scorer.both:
        found = {"both" if table else "image" if takes_image else "text": predictor.predict()}
    else:
        found = {
            "both": predictor.predict(),
            "image": predictor.predict(without=("text", *table)),
            "text": predictor.predict(without=("image", *table)),
            "shuffled": predictor.predict(shuffle="text"),
        }
    if table:
        found["no_table"] = predictor.predict(without=table)
    if background and takes_image:
        found["background"] = predictor.predict(without=(*(("text",) * scorer.both), *table), cover=MIDDLE)
    return found


class _ListPredictor:
    """Predicts the test list of a scorer."""

    def __init__(self, scorer: Scorer, source: Provenance, options: dict[str, int]) -> None:
        self.scorer = scorer
        self.source = source.with_values(training_data=scorer.inferencer.training_data)
        self.options = options

    def predict(
        self, without: tuple[str, ...] = (), shuffle: str | None = None, cover: Cover | None = None
    ) -> Predictions:
        scorer, samples = self.scorer, self.scorer.samples
        if shuffle is not None:
            texts = [samples[row].record for row in shuffled_rows(len(samples), SEED)]
            samples = [Sample(sample.image, text) for sample, text in zip(samples, texts, strict=True)]
        scores, errors = scorer.scores(samples, without=without, cover=cover, **self.options)
        seen, paths = scorer.inferencer.trained_on, [sample.image.path for sample in samples]
        return Predictions(
            images=[sample.image.image_id for sample in samples],
            scores=scores,
            classes=tuple(scorer.inferencer.classes),
            labels=scorer.labels,
            predicted=scorer.predicted_classes(scores),
            seen=None if seen is None else are_among(image_keys(paths), seen),
            errors={row: error for row, error in enumerate(errors) if error is not None},
            source=self.source.with_values(
                without=" and ".join(without) or None, shuffle=shuffle, cover=cover and list(cover)
            ),
        )
