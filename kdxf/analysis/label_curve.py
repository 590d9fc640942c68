"""How many labels per class a trained model needs to overtake what takes no training. n images, K classes, C channels.

=============================  =====================================================================================
method                         what it is
=============================  =====================================================================================
``prototypes``                 the class whose mean feature is nearest, by the cosine
``logistic regression``        the same features, as of :mod:`kdxf.analysis.baselines`
``logistic regression, text``  features and TF-IDF of the text side by side; only of a model that takes text
``class names``                where the features are those of a pretrained pair: no labels at all
``names and prototypes``       both at once (:func:`kdxf.zero_shot.class_vectors.joined`)
``trained model``              the model of the config
=============================  =====================================================================================

All see the same labels: per seed, the classes are put into a random order, of which k labels per class are the first k,
or all where a class has fewer. The model trains on its few images again and again, for as many steps as on all.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mmengine.config import Config, ConfigDict

from kdxf.analysis.baselines import BOTH, IMAGE, LabelledImages, fit_baselines, unit_rows
from kdxf.analysis.compare_seeds import BOTH as ALL_INPUTS
from kdxf.analysis.compare_seeds import Variant, check_settings, finish_run, plan_run, read_result
from kdxf.analysis.config_baselines import read_list_of_config
from kdxf.apis.features import load_steps
from kdxf.data.sampling import ranks_in_class
from kdxf.datasets.feature_store import FeatureStore
from kdxf.engine.config import building, leaf_dataset, load_config, type_name
from kdxf.errors import UserError
from kdxf.io.annotations import write_annotations, write_classes
from kdxf.io.charts import Line, line_chart
from kdxf.io.csv_tables import write_csv
from kdxf.io.pages import HTMLReport, markdown_table
from kdxf.zero_shot.class_vectors import by_examples, by_names, joined
from kdxf.zero_shot.pair import Pair
from kdxf_runtime.io.files import write_whole

TRAINED, PROTOTYPES, REGRESSION = "trained model", "prototypes", "logistic regression"
TEXT_REGRESSION, NAMES, NAMES_TOO = "logistic regression, text", "class names", "names and prototypes"
_TOP1 = "accuracy/top1"


@dataclass(frozen=True, eq=False)
class _Part:
    """A list of a config: names as in its file, labels, texts and features of length 1, with its K classes."""

    names: list[str]
    labels: np.ndarray
    texts: list[str]
    features: np.ndarray
    classes: list[str]

    def take(self, rows: np.ndarray) -> LabelledImages:
        listed = rows.tolist()
        return LabelledImages(
            [self.names[row] for row in listed],
            self.labels[rows],
            [self.texts[row] for row in listed],
            self.features[rows],
        )


@dataclass(frozen=True, eq=False)
class LabelCurve:
    """Accuracy over labels per class.

    Attributes:
        table: A row per ``method``, ``per class`` and ``seed``: ``images`` learnt from and ``top-1`` in percent.
        verdicts: A sentence per method that the trained model is held against.
    """

    table: pd.DataFrame
    verdicts: Sequence[str]

    def markdown(self) -> str:
        """Return a table with mean and standard deviation over the seeds, and the sentences."""
        groups = self.table.groupby(["method", "per class"], sort=False)["top-1"]
        means, spreads = groups.mean().unstack(), groups.std(ddof=1).unstack()
        rows = [
            [str(method), *(_cell(means.loc[method, count], spreads.loc[method, count]) for count in means.columns)]
            for method in means.index
        ]
        head = ["labels per class", *(str(count) for count in means.columns)]
        return markdown_table(head, rows) + "".join(f"\n{verdict}\n" for verdict in self.verdicts)

    def chart(self) -> str:
        """Return a line per method, with a band of one standard deviation."""
        lines = []
        for method, rows in self.table.groupby("method", sort=False):
            values = rows.groupby("per class")["top-1"]
            counts = values.mean().index.to_numpy(float)
            mean, spread = values.mean().to_numpy(), values.std(ddof=1).fillna(0).to_numpy()
            lines.append(Line(str(method), counts, mean, mean - spread, mean + spread, dashed=method == NAMES))
        return line_chart(lines, "labels per class", "top-1 %", x_log=True)

    def write(self, folder: Path) -> None:
        """Write ``curve.csv``, ``curve.md`` and the page ``curve.html`` with the chart."""
        write_csv(self.table, folder / "curve.csv")
        write_whole(self.markdown().encode(), folder / "curve.md")
        page = HTMLReport("Accuracy over labels per class")
        for verdict in self.verdicts:
            page.summary(verdict)
        page.drawing(self.chart())
        page.save(folder / "curve.html")


def _cell(mean: float, spread: float) -> str:
    return f"{mean:.1f}" if np.isnan(spread) else f"{mean:.1f} ± {spread:.1f}"


def label_curve(
    config: str | Path,
    counts: Sequence[int],
    seeds: Sequence[int],
    folder: Path,
    options: Mapping[str, Any] | None = None,
    prompts: Sequence[str] | None = None,
) -> LabelCurve:
    """Measure every method with every number of labels and every seed on the validation list of a config.

    A finished training is not repeated.

    Args:
        config: A config that trains on stored image features (``LoadFeature``).
        counts: Labels per class.
        seeds: Each draws other labels and trains with other random numbers.
        folder: For the trainings and their lists.
        options: ``--cfg-options``.
        prompts: As of :func:`kdxf.zero_shot.prompts.sentences`, where the features are those of a pair.

    Raises:
        UserError: The config cannot be used, or does not load image features.
    """
    cfg = load_config(config, options)
    takes_text = cfg.model.get("text_encoder") is not None
    step = _feature_step(cfg)
    train, val = (_read(cfg, which, step, takes_text) for which in ("train", "val"))
    pair = _pair(step)
    names = None if pair is None else by_names(train.classes, pair.encode_texts, prompts)
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        ranks = ranks_in_class(pd.Series(train.names), train.labels, seed)
        for count in sorted(set(counts)):
            picked = np.flatnonzero(ranks < count)
            found = _without_training(train, val, picked, names, takes_text)
            found[TRAINED] = _train(config, train, val, picked, seed, folder / f"{count}_{seed}", options or {})
            about = {"per class": count, "seed": seed, "images": len(picked)}
            rows += [{"method": method, **about, "top-1": top1} for method, top1 in found.items()]
            print(f"{count} per class, seed {seed}: " + ", ".join(f"{k} {v:.1f}" for k, v in found.items()), flush=True)
    table = pd.DataFrame(rows)
    return LabelCurve(table, verdicts(table))


def verdicts(table: pd.DataFrame) -> list[str]:
    """Say from how many labels per class on the trained model is above each other method.

    It is where the mean difference of the seeds is more than two of its standard errors, with as many labels and with
    all larger numbers. Of a single seed every difference counts.

    Args:
        table: As of :class:`LabelCurve`.
    """
    wide = table.pivot(index=["per class", "seed"], columns="method", values="top-1")
    said = []
    for method in dict.fromkeys(table["method"]):
        if method == TRAINED:
            continue
        gains = (wide[TRAINED] - wide[method]).groupby("per class")
        mean, spread = gains.mean(), gains.std(ddof=1)
        errors = (spread / np.sqrt(gains.size())).fillna(0)
        ahead = (mean > 2 * errors)[::-1].cummin()[::-1]
        most = mean.index[-1]
        if not ahead.any():
            gap = _cell(mean[most], spread[most])
            said.append(
                f"The trained model does not overtake {method} with up to {_labels(most)} per class ({gap} points)."
            )
            continue
        first = ahead.idxmax()
        gap = _cell(mean[first], spread[first])
        said.append(f"The trained model is ahead of {method} from {_labels(first)} per class on ({gap} points there).")
    return said


def _labels(count: int) -> str:
    return f"{count} label" if count == 1 else f"{count} labels"


def _feature_step(cfg: Config) -> dict[str, Any]:
    steps = [step for step in load_steps(cfg.get("val_dataloader")) if type_name(step) == "LoadFeature"]
    if not steps:
        raise UserError(
            f"config {cfg.filename} loads no stored image features in validation; the methods are compared on those of "
            "LoadFeature"
        )
    return {key: value for key, value in steps[0].items() if key not in ("type", "train")}


def _read(cfg: Config, which: str, step: Mapping[str, Any], takes_text: bool) -> _Part:
    found = read_list_of_config(cfg, which)
    with building(cfg):
        store = FeatureStore(**step)
        store.compute(found.images, training_views=which == "train")
        features = np.stack([store.feature(file) if file in store else store.blank for file in found.images])
    texts = found.texts if takes_text else [""] * len(found.images)
    names = [os.path.relpath(file, found.root) for file in found.images]
    return _Part(names, np.array(found.labels, np.int64), texts, unit_rows(features), found.classes)


def _pair(step: Mapping[str, Any]) -> Pair | None:
    """Return the pair whose image features a step loads, or None where it is another model."""
    if type_name(step["backbone"]) != "ClipImageEncoder":
        return None
    return Pair(step["backbone"]["init_cfg"]["checkpoint"], step["folder"], "LoadFeature: backbone")


def _without_training(
    train: _Part, val: _Part, picked: np.ndarray, names: np.ndarray | None, takes_text: bool
) -> dict[str, float]:
    """Return top-1 in percent of every method but the trained model."""
    prototypes = by_examples(train.features[picked], train.labels[picked], train.classes)
    vectors = {PROTOTYPES: prototypes}
    if names is not None:
        vectors |= {NAMES: names, NAMES_TOO: joined(names, prototypes)}
    found = {method: (val.features @ rows.T).argmax(axis=1) for method, rows in vectors.items()}
    everything = val.take(np.arange(len(val.names)))
    fitted = {one.name: one for one in fit_baselines(train.take(picked), everything, train.classes)}
    found[REGRESSION] = fitted[IMAGE].predictions.scores.argmax(axis=1)
    if takes_text and BOTH in fitted:
        found[TEXT_REGRESSION] = fitted[BOTH].predictions.scores.argmax(axis=1)
    return {method: 100 * float((best == val.labels).mean()) for method, best in found.items()}


def _train(
    config: str | Path,
    train: _Part,
    val: _Part,
    picked: np.ndarray,
    seed: int,
    folder: Path,
    options: Mapping[str, Any],
) -> float:
    """Train the config's model on some images, as often as it would see all; return top-1 in percent."""
    rows = np.resize(picked, len(train.names))
    for name, part, chosen in (("train", train, rows), ("val", val, np.arange(len(val.names)))):
        frame = {"image": [part.names[row] for row in chosen], "label": [part.classes[i] for i in part.labels[chosen]]}
        write_annotations(pd.DataFrame(frame), folder / f"{name}.csv")
    write_classes(train.classes, folder / "classes.txt")
    run = plan_run(Path(config), Variant(), folder, seed, folder.parent / "runs", options)
    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        leaf: ConfigDict = leaf_dataset(run.cfg[loader])
        leaf.classes = str((folder / "classes.txt").absolute())
        leaf.pop("fraction", None)
    check_settings(run)
    finish_run(run, ())
    scores = (read_result(run) or {})["scores"][ALL_INPUTS]
    if _TOP1 not in scores:
        raise UserError(f"config {config}: its val_evaluator gives no {_TOP1}, which the curve is of; add Accuracy")
    return float(scores[_TOP1])
