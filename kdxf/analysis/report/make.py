"""Making a report: run the model where its predictions are not given, gather, explain, and write the page."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from mmengine.config import Config

from kdxf.analysis.explain.explain import explain
from kdxf.analysis.explain.modalities import modality_predictions
from kdxf.analysis.explain.scorer import Scorer
from kdxf.analysis.explain.shortcuts import Reliance, find_shortcuts
from kdxf.analysis.report.evidence import IMAGE_ALONE, NO_TABLE, SHUFFLED, TEXT_ALONE, Evidence, gather
from kdxf.analysis.report.examples import narrow_hits, worst_errors
from kdxf.analysis.report.fiftyone_dataset import write_fiftyone
from kdxf.analysis.report.gates import collect_gates
from kdxf.analysis.report.page import Findings, build_page
from kdxf.analysis.report.table import image_table
from kdxf.analysis.report.training_log import read_training_log
from kdxf.apis.stages import last_stage
from kdxf.engine.config import load_config, set_list
from kdxf.errors import UserError
from kdxf.inference.fitted import files_of_model
from kdxf.io.predictions import Predictions, check_alike, read_predictions, write_predictions
from kdxf_runtime.io.files import write_whole
from kdxf_runtime.optional import require

ALONE = {"image": IMAGE_ALONE, "text": TEXT_ALONE, "shuffled": SHUFFLED, "no_table": NO_TABLE}
_HITS = 12  # right answers shown
_NO_LOG = pd.DataFrame({"step": [], "name": pd.Series([], dtype="str"), "value": []})


def make_report(
    config: Path,
    checkpoint: Path | None,
    out: Path,
    *,
    predictions: Mapping[str, Path] | None = None,
    listed: Path | None = None,
    errors: int = 24,
    quick: bool = False,
    workers: int = 1,
    device: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Write a page about a model, a table of the images, or a dataset for FiftyOne.

    Args:
        config: The config, or the folder of ``kdxf fit``.
        checkpoint: Its weights; needed unless there are predictions.
        out: A page ``.html``, a table ``.csv``, or the folder of a dataset. Predictions that are made stay beside it.
        predictions: Files of predictions, the first of the model as it is, the others by a name of :data:`ALONE`.
        listed: A labelled list in place of that of ``test_dataloader``.
        errors: How many wrong answers are shown.
        quick: Leave out the baselines and what the model would have to be run for again.
        workers: Processes that load images.
        device: Where the model runs; by default on the GPU where there is one.
        options: Settings that replace the config's.

    Raises:
        UserError: Something is missing or cannot be used, or the files of predictions do not fit each other.
    """
    if config.is_dir():
        config, kept = files_of_model(config)
        checkpoint = checkpoint or kept
    cfg = load_config(config, options)
    if listed is not None:
        set_list(cfg, "test_dataloader", listed, "--list")
    page = out.suffix == ".html"
    if checkpoint is not None and page and not quick and _sees_images(cfg):
        require("pytorch_grad_cam", "report", "a report without --quick")  # now, not after minutes of other work
    scorer = None
    if checkpoint is not None and (predictions is None or (page and not quick)):
        scorer = Scorer(cfg, checkpoint, device=device)
    if predictions is not None:
        whole, alone = _read(predictions)
    elif scorer is not None:
        whole, alone = _predict(scorer, out, workers)
    else:
        raise UserError(f"{config}: give the CHECKPOINT to report on, or files of its --predictions")
    features = None if quick else Path("work_dirs/features/baselines")
    evidence = gather(cfg, whole, alone, baselines=features, workers=workers)
    if out.suffix == ".csv":
        write_whole(image_table(evidence).to_csv(index=False).encode(), out)
        return
    if not page:
        write_fiftyone(evidence, config.stem, out)
        return
    findings = _look_into(checkpoint, None if quick else scorer, evidence, errors, workers)
    build_page(f"{config.stem}: report", evidence, findings, errors, _HITS).save(out)


def _sees_images(cfg: Config) -> bool:
    model = last_stage(cfg).model
    members = model.get("members") or [model]
    return any(member.get("image_backbone") or member.get("backbone") for member in members)


def _predict(scorer: Scorer, out: Path, workers: int) -> tuple[Predictions, dict[str, Predictions]]:
    """Predict the test list with all and with less to see, and keep the predictions beside the page."""
    found = modality_predictions(scorer, workers=workers if workers > 1 else 0)
    whole = found.pop("both") if "both" in found else found.popitem()[1]
    for name, part in {"": whole, **{f"_{name}": part for name, part in found.items()}}.items():
        write_predictions(part, out.with_name(f"{out.stem}{name}.parquet"))
    return whole, {ALONE[name]: part for name, part in found.items()}


def _read(files: Mapping[str, Path]) -> tuple[Predictions, dict[str, Predictions]]:
    read = {name: read_predictions(file) for name, file in files.items()}
    check_alike(list(read.items()))
    first, *others = read
    if unknown := [name for name in others if name not in ALONE]:
        raise UserError(
            f"--predictions {unknown[0]}: after the first file the names are {', '.join(f'{name}=' for name in ALONE)}"
        )
    return read[first], {ALONE[name]: read[name] for name in others}


def _look_into(
    checkpoint: Path | None, scorer: Scorer | None, evidence: Evidence, errors: int, workers: int
) -> Findings:
    """Run the model again on the images that are shown, and for what only it can tell."""
    log = _NO_LOG if checkpoint is None else read_training_log(checkpoint)
    if scorer is None:
        why = "no CHECKPOINT was given" if checkpoint is None else "--quick was given"
        return Findings({}, (), (), log, [f"Without heatmaps, effects of lines and words, gates and shortcuts: {why}."])
    indices = [example.index for example in [*worst_errors(evidence, errors), *narrow_hits(evidence, _HITS)]]
    explained = explain(scorer, [evidence.predictions.images[index] for index in indices])
    records = evidence.records if scorer.inferencer.needs_text else None
    gates = collect_gates(scorer.inferencer, evidence.files, records, columns=evidence.columns)
    reasons = sorted({one.no_heatmap for one in explained if one.no_heatmap is not None})
    left_out = [f"Pictures without a heatmap: {reason}." for reason in reasons]
    reliances: list[Reliance] = []
    if scorer.cfg.get("train_dataloader") is None:
        left_out.append("Shortcuts were not looked for: the config has no train_dataloader.")
    elif not evidence.multi_label:
        known = {name: evidence.alone[title] for name, title in ALONE.items() if title in evidence.alone}
        known |= {"both": evidence.predictions} if known else {}
        reliances = find_shortcuts(scorer, known, workers=workers)
    return Findings(dict(zip(indices, explained, strict=True)), gates, reliances, log, left_out)
