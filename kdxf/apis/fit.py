"""From a folder of class folders to a tested model, in one call that can be repeated.

What is left in ``out``:

============================== =====================================================================================
file                           content
============================== =====================================================================================
``result.md``                  the test: the model beside the plainest ones, and what to do next
``config.py``, ``model.pth``   the best model on the validation list; ``kdxf predict`` reads them; yours to change.
                               ``model.pth.calibration.json`` says what its scores mean,
                               ``model.pth.routing.json`` which pictures need no text read, and
                               ``model.pth.fingerprint.json`` what the validation pictures and their text are like
``frozen.py``, ``fine-tuned.py`` the configs of the candidates; yours to change. ``ensemble.py`` averages both
``frozen/``, ``fine-tuned/``   their training runs; ``last.pth`` is what they ended with
``pictures.csv``               the pictures that can be read, with their sizes; ``unreadable.csv`` has the rest
``train.csv``, ...             the lists, with ``classes.txt``; ``duplicates.csv`` has the near-duplicates in them
``ocr/``, ``tfidf/``, ``features/`` the text, its TF-IDF, the features of the frozen backbone
``test.parquet``               the predictions of the test list; ``test_image.parquet`` and ``test_text.parquet`` by one
                               modality alone
``steps.json``                 which step was done with which inputs
============================== =====================================================================================
"""

import io
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
import pandas as pd
from mmengine.config import Config

from kdxf.analysis.baselines import compare, fit_baselines, read_labelled
from kdxf.apis.calibrate import calibrate
from kdxf.apis.features import compute_features
from kdxf.apis.fit_config import ENSEMBLE_CONFIG, KINDS, TRAINED, FitSettings, Kind, write_config
from kdxf.apis.test import test
from kdxf.apis.train import train
from kdxf.data.duplicates.find import find_duplicates
from kdxf.data.folds.groups import images_joined, join_keys, text_keys
from kdxf.data.lists import ImageList
from kdxf.data.options import TEXT_SIMILARITY
from kdxf.data.parallel import parallel_map
from kdxf.data.split import (
    LabelledImages,
    format_summary,
    inner_classes,
    read_class_folders,
    read_labelled_list,
    split,
    write_split,
)
from kdxf.data.verification.image_checks import check_image
from kdxf.data.verification.options import Limits
from kdxf.datasets.feature_store import FeatureStore
from kdxf.engine.config import building, config_digest, load_config, set_list
from kdxf.engine.join_models import join_models
from kdxf.engine.publish import publish_checkpoint
from kdxf.errors import DivergedError, UserError
from kdxf.evaluation.calibration.report import figures
from kdxf.evaluation.calibration.stored import CALIBRATED_BY, calibration_file, read_calibration
from kdxf.evaluation.drift.stored import fingerprint_file
from kdxf.evaluation.missing_modality import has_both_modalities
from kdxf.evaluation.routing.stored import routing_file
from kdxf.inference.fitted import CHECKPOINT, CONFIG, load
from kdxf.io.annotations import read_annotations, read_classes, write_annotations
from kdxf.io.class_names import order_ids
from kdxf.io.predictions import Predictions, read_predictions
from kdxf.models.backbones.wheel_weights import SCHEME, find_weights
from kdxf.text.ocr import OCRTable, run_ocr
from kdxf.text.ocr.table import table_digest
from kdxf.text.vectors.fit_tfidf import fit_tfidf_on_sources
from kdxf_runtime.io.digests import file_digest, settings_digest
from kdxf_runtime.io.files import read_json, replacing, write_json, write_whole
from kdxf_runtime.io.machine import available_cores
from kdxf_runtime.io.unicode_names import find_file
from kdxf_runtime.predictions import Prediction
from kdxf_runtime.trust.temperature import apply_temperature

_METRIC = "accuracy/top1"
_UNREADABLE = ("missing", "unreadable", "truncated")
_HAN_SHARE = 0.2  # of the letters: with fewer, a text is one with spaces between its words
_SHOWN = 10
_LONG = 1.6  # long edge : short edge; where half of the pictures are longer, a crop of the centre shows too little
_MAX_EPOCHS = 10
_MIN_EPOCHS = 2  # fewer do not reach the frozen features
_RESERVE = 0.85  # of the minutes left go to training, the rest to validation, testing and the unforeseen
_LISTS = ("train", "val", "test")
_LAST = "last.pth"  # not the best epoch: of some hundred validation pictures, that is the luckiest one
_MODEL = "This model"
_TIPS: dict[Kind, str] = {
    "frozen": "more --minutes, so that all of the model is fine-tuned, and more pictures",
    "fine-tuned": "more --minutes, more pictures, and cleaner labels (kdxf data clean)",
    "ensemble": "more --minutes, more pictures, and cleaner labels (kdxf data clean)",
}


@dataclass(frozen=True)
class FitResult:
    """The outcome of :func:`fit`.

    Attributes:
        folder: The folder that :func:`kdxf.load` and ``kdxf predict`` take.
        kind: Which candidate was kept: ``'frozen'``, ``'fine-tuned'``, or ``'ensemble'``, the mean of both.
        val_accuracy: Its top-1 accuracy in percent on the validation list, by which it was chosen.
        test_accuracy: The same on the test list.
        verdict: Whether it beats the best plain model, in one sentence.
        report: ``result.md``.
    """

    folder: Path
    kind: str
    val_accuracy: float
    test_accuracy: float
    verdict: str
    report: str

    def predict(self, inputs: Sequence[str | Path], **options: Any) -> list[Prediction]:
        """Load the model and predict, as :meth:`kdxf.inference.fitted.FittedModel.predict` does."""
        return load(self.folder).predict(inputs, **options)


class _Steps:
    """Which steps were done with which inputs, in a file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "steps.json"
        self._done: dict[str, str] = read_json(self._file) if self._file.is_file() else {}

    def run(
        self, name: str, inputs: Any, outputs: Sequence[Path], make: Callable[[], None], work: Path | None = None
    ) -> None:
        """Do a step, unless its outputs exist and its inputs are those of the last time.

        Args:
            name: What is done.
            inputs: All that the outputs depend on.
            outputs: Files and folders.
            make: Writes the outputs.
            work: A folder that a step which was stopped goes on in; removed if it was begun with other inputs.
        """
        digest = settings_digest(inputs)
        if self._done.get(name) == digest and all(path.exists() for path in outputs):
            print(f"== {name}: done before", flush=True)
            return
        print(f"== {name}", flush=True)
        if work is not None:
            begun = f"{name}, begun"
            if self._done.get(begun) != digest:
                shutil.rmtree(work, ignore_errors=True)
            self._note(begun, digest)
        make()
        self._note(name, digest)

    def write(self, path: Path, text: str) -> None:
        """Write a config, but not over one that the user has changed."""
        if self.is_changed(path) and path.read_text(encoding="utf-8") != text:
            print(f"   {path} is yours and stays as it is; remove it to have it written anew")
            return
        write_whole(text.encode(), path)
        self._note(f"{path.name}, written", file_digest(path))

    def is_changed(self, path: Path) -> bool:
        """Return whether there is a config that :meth:`write` did not leave as it is."""
        return path.is_file() and self._done.get(f"{path.name}, written") != file_digest(path)

    def _note(self, name: str, digest: str) -> None:
        self._done[name] = digest
        write_json(self._done, self._file)


class _Progress(io.TextIOBase):
    """Standard output that shows the progress and the warnings of a run; its log file has everything."""

    def __init__(self, shown: TextIO) -> None:
        self._shown = shown

    def write(self, text: str) -> int:
        """Pass a message on, or leave it out."""
        first = text.partition("\n")[0]
        if "Epoch(" in first or " - WARNING - " in first or " - ERROR - " in first:
            self._shown.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what was passed on."""
        self._shown.flush()


def fit(
    source: str | Path,
    out: str | Path,
    *,
    root: str | Path | None = None,
    classes: Literal["outer", "inner"] | None = None,
    minutes: float = 30.0,
    seed: int = 0,
    test_fraction: float = 0.15,
    val_fraction: float = 0.15,
    backbone: str = "lite2",
    engine: dict[str, Any] | None = None,
    ocr: str | Path | None = None,
    workers: int | None = None,
) -> FitResult:
    """Train a model on labelled pictures, test it once, and compare it with the plainest models.

    Two candidates are trained: a head on features of a frozen ImageNet model and TF-IDF of the text, and, in the time
    that is left, all of the model, starting from that head. They, as they are after their last epoch, and the mean of
    their scores are compared on the validation list, and the best is kept. A call that was interrupted goes on when it
    is repeated; steps whose inputs have not changed are not repeated. Processes are spawned, so a script calls this
    below ``if __name__ == '__main__':``.

    Args:
        source: A folder with one folder of pictures per class, or a list with the columns ``image`` and ``label``.
        out: The folder to write.
        root: The folder that the paths of a list are relative to; by default that of the list.
        classes: Of a folder, whether the outermost or the innermost folders are the classes; None takes the innermost
            where they look like classes (:func:`kdxf.data.split.inner_classes`).
        minutes: Time for this call. Fine-tuning gets what the other steps leave, and is left out if that is too little.
        seed: Of the split and of the training.
        test_fraction: Share of each class to test on.
        val_fraction: Share of each class to choose the model by.
        backbone: ``'lite0'`` or ``'lite2'``, EfficientNet-Lite.
        engine: Config of the OCR engine, by default ``dict(type='RapidOCREngine')``.
        ocr: An OCR table of the pictures, by their paths relative to the folder or ``root``, instead of reading them.
        workers: Processes; by default one per core.

    Returns:
        What was kept, and how good it is.

    Raises:
        UserError: There are no pictures or too few, they have one class only, an option is out of its range, or the
            ImageNet weights are not installed.
    """
    start = time.monotonic()
    source, out, root = Path(source), Path(out), None if root is None else Path(root)
    workers = workers or available_cores()
    engine = engine or {"type": "RapidOCREngine"}
    data, root = _read_source(source, out, root, classes)
    find_weights(f"{SCHEME}efficientnet_{backbone}")
    out.mkdir(parents=True, exist_ok=True)
    steps = _Steps(out)

    frame = _check_pictures(steps, data, root, out, workers)
    table = _read_text(steps, frame, root, out, engine, workers, ocr)
    _split(steps, frame, table, root, out, workers, seed, test_fraction, val_fraction)
    lists = {name: file_digest(out / f"{name}.csv") for name in _LISTS}
    text = _fit_text(steps, frame, table, out)

    settings = FitSettings(
        root=os.path.abspath(root),
        classes=len(read_classes(out / "classes.txt")),
        images=len(read_annotations(out / "train.csv")),
        backbone=backbone,
        tfidf_channels=text["channels"],
        tokenizer=text["tokenizer"],
        ocr=None if ocr is None else os.path.abspath(ocr),
        engine=engine,
        seed=seed,
        letterboxed=are_long(frame),
    )
    known = {"lists": lists, "text": text}
    _train_frozen(steps, settings, out, known, workers)
    _fine_tune(steps, settings, out, known, minutes, lambda: 60 * minutes - (time.monotonic() - start))
    _join(steps, out, known)
    _choose(steps, out, known)
    _calibrate(steps, out, known)
    _test(steps, out, known)
    return _report(steps, out, root, table)


def _read_source(source: Path, out: Path, root: Path | None, classes: str | None = None) -> tuple[LabelledImages, Path]:
    if source.is_dir():
        if out.resolve().is_relative_to(source.resolve()):
            raise UserError(f"--out {out}: lies in the folder of the classes, {source}; choose another folder")
        root = root or source
        inner = inner_classes(source) if classes is None else classes == "inner"
        data = read_class_folders(source, root, inner)
        if inner:
            print(
                f"{source}: folders inside of folders: the innermost are taken for the {len(data.ids)} classes; "
                "--classes outer takes the outermost"
            )
    else:
        if not source.is_file():
            raise UserError(f"{source}: no such folder or list; give a folder with one folder of pictures per class")
        root = root or source.parent
        data = read_labelled_list(source)
    _check_classes(data.frame, source)
    return data, root


def _check_classes(frame: pd.DataFrame, source: Path) -> None:
    if frame["label"].nunique() < 2:
        name = next(iter(frame["label"]), None)
        found = "none" if name is None else f"only {name!r}"
        raise UserError(f"{source}: pictures of two classes or more are needed, and there are {found}")


def _check_pictures(steps: _Steps, data: LabelledImages, root: Path, out: Path, workers: int) -> pd.DataFrame:
    """Write ``pictures.csv`` and ``unreadable.csv``."""
    frame = data.frame[["image", "label"]].copy()
    stamps = [_stamp(root / image) for image in frame["image"]]
    frame["size"], frame["modified"] = ([stamp[index] for stamp in stamps] for index in (0, 1))
    file = out / "pictures.csv"

    def check() -> None:
        check_one = partial(check_image, limits=Limits())
        checks = list(parallel_map(check_one, [root / image for image in frame["image"]], workers, "check"))
        reasons = pd.Series(
            [next((f"{kind}: {why}" for kind, why in one.problems if kind in _UNREADABLE), None) for one in checks],
            dtype="object",
            index=frame.index,
        )
        bad = frame.assign(reason=reasons)[reasons.notna()]
        for image, reason in zip(bad["image"][:_SHOWN], bad["reason"], strict=False):
            print(f"   left out: {image}: {reason}")
        if len(bad) > _SHOWN:
            print(f"   ... and {len(bad) - _SHOWN} more in {out / 'unreadable.csv'}")
        edges = pd.DataFrame([one.size for one in checks], columns=["width", "height"], index=frame.index)
        readable = frame.join(edges)[reasons.isna()]
        if readable.empty:
            first = f"{root / frame['image'].iloc[0]}: {reasons.iloc[0]}"
            raise UserError(
                f"{data.source}: none of its {len(frame)} pictures can be read (first: {first}); of a list, --root "
                "names the folder that its paths are relative to"
            )
        _check_classes(readable, data.source)
        write_annotations(bad[["image", "label", "reason"]], out / "unreadable.csv", excel=True)
        write_annotations(readable, file)
        print(f"   {len(readable)} pictures of {readable['label'].nunique()} classes")

    steps.run("check the pictures", [str(root), "with edges", frame.to_numpy().tolist()], [file], check)
    return read_annotations(file)


def are_long(frame: pd.DataFrame) -> bool:
    """Tell whether half of the pictures, of ``width`` and ``height``, are 1.6 times as long as wide or more."""
    edges = frame[["width", "height"]].astype(int)
    return bool((edges.max(axis=1) / edges.min(axis=1)).median() >= _LONG)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = find_file(path).stat()
    except OSError:
        return -1, 0
    return status.st_size, status.st_mtime_ns


def _split(
    steps: _Steps,
    frame: pd.DataFrame,
    table: Path,
    root: Path,
    out: Path,
    workers: int,
    seed: int,
    test: float,
    val: float,
) -> None:
    """Write the lists; near-duplicates, and pictures with nearly the same long text, stay together."""
    pictures, names = out / "pictures.csv", frame["image"].tolist()

    def make() -> None:
        found = find_duplicates([ImageList(frame, root, pictures)], workers, cache=out / "fingerprints.parquet")
        codes = np.full(len(frame), -1, np.int64)
        codes[found.groups["row"]] = found.groups["group"]
        texts = text_keys(names, OCRTable.open(table))
        if len(found.groups):
            print(f"   {len(found.groups)} pictures have a near-duplicate, which stays in the same list")
            if len(conflicts := found.conflicting()):
                print(f"   {len(conflicts)} of them differ in their label: see {out / 'duplicates.csv'}")
        if shared := images_joined(texts):
            print(f"   {shared} pictures have nearly the same long text as another, which stays in the same list")
        groups = join_keys(len(frame), [codes, texts]) if len(found.groups) or shared else None
        write_annotations(found.groups.drop(columns=["row", "list"]), out / "duplicates.csv", excel=True)
        images = LabelledImages(frame[["image", "label"]], order_ids(frame["label"]), pictures)
        result = split(images, round(1 - val - test, 6), test, seed, groups=groups)
        write_split(result, out, overwrite=True)
        print("   " + format_summary(result).replace("\n", "\n   "))
        for warning in result.warnings:
            print(f"   warning: {warning}")

    outputs = [out / f"{name}.csv" for name in _LISTS] + [out / "classes.txt"]
    inputs = [file_digest(pictures), table_digest(table, names), TEXT_SIMILARITY, seed, test, val]
    steps.run("split", inputs, outputs, make)


def _read_text(
    steps: _Steps,
    frame: pd.DataFrame,
    root: Path,
    out: Path,
    engine: dict[str, Any],
    workers: int,
    ocr: str | Path | None,
) -> Path:
    """Return the OCR table of all pictures; of those that have changed since they were read, the text is read anew."""
    images = frame["image"].tolist()
    if ocr is not None:
        if not (OCRTable.open(ocr).rows_of(images) >= 0).any():
            raise UserError(
                f"--ocr {ocr}: has none of the pictures; its paths must be those of pictures.csv, such as {images[0]}"
            )
        return Path(ocr)
    stamps = frame[["image", "size", "modified"]].to_numpy().tolist()
    steps.run(
        "read the text",
        [engine, stamps],
        [out / "ocr"],
        lambda: print("   " + str(run_ocr(images, root, out / "ocr", engine, workers=workers)).replace("\n", "\n   ")),
    )
    return out / "ocr"


def choose_tokenizer(texts: Sequence[str]) -> tuple[dict[str, Any], tuple[int, int]]:
    """Choose the tokenizer and the lengths of n-grams by the script of the texts.

    Returns:
        jieba with 1 to 3 characters where 20 % or more of the letters are Chinese, else words with 2 to 4.
    """
    letters = [letter for text in texts for letter in text if letter.isalpha()]
    han = sum("\u3400" <= letter <= "\u9fff" or "\U00020000" <= letter <= "\U000323af" for letter in letters)
    if letters and han / len(letters) >= _HAN_SHARE:
        return {"type": "JiebaTokenizer"}, (1, 3)
    return {"type": "WordTokenizer"}, (2, 4)


def _fit_text(steps: _Steps, frame: pd.DataFrame, table: Path, out: Path) -> dict[str, Any]:
    """Fit TF-IDF on the text of all lists, and return the tokenizer, the n-grams and the number of channels.

    The labels are not used. Without any term that two pictures share, the number is 0.
    """
    images, file = frame["image"].tolist(), out / "text.json"

    def make() -> None:
        opened = OCRTable.open(table)
        rows = opened.rows_of(images)
        texts = [" ".join(opened.record(int(row)).texts) for row in rows[rows >= 0]]
        tokenizer, ngrams = choose_tokenizer(texts)
        try:
            meta = fit_tfidf_on_sources([table], out / "tfidf", tokenizer, overwrite=True, ngrams=ngrams)
            channels = meta.channels
            print(
                f"   {tokenizer['type']}, n-grams of {ngrams[0]} to {ngrams[1]} characters: {meta.terms} terms, "
                f"{channels} channels"
            )
        except UserError as error:
            if "no term occurs" not in str(error):
                raise
            channels = 0
            print("   no two pictures share any text: the model sees the image alone")
        digest = table_digest(table, images)
        write_json({"tokenizer": tokenizer, "ngrams": ngrams, "channels": channels, "texts": digest}, file)

    steps.run("fit TF-IDF", [str(table), table_digest(table, images)], [file], make)
    return read_json(file)


def _train_frozen(steps: _Steps, settings: FitSettings, out: Path, known: dict[str, Any], workers: int) -> None:
    file = out / "frozen.py"
    steps.write(file, write_config("frozen", settings))
    cfg = load_config(file)
    inputs = [config_digest(cfg), known]

    def compute() -> None:
        for count in compute_features(cfg, None if workers > 1 else 0).values():
            print(f"   {count} pictures computed")

    steps.run("compute features", inputs, [out / "features"], compute)
    result = out / "frozen" / "result.json"
    steps.run("train a head", inputs, [result], lambda: _train(file, result, []), result.parent)


def _train(file: Path, result: Path, hooks: list[dict[str, Any]]) -> None:
    """Train a candidate, going on where it was stopped, and note its last checkpoint and validation score."""
    cfg = load_config(file)
    cfg.custom_hooks = [*cfg.custom_hooks, *hooks]
    with redirect_stdout(_Progress(sys.stdout)):
        trained = train(cfg, resume=True, validate=False)
    if trained.checkpoint is None:
        raise UserError(f"{file}: its training saved no checkpoint; see the log in {cfg.work_dir}")
    accuracy = _validate(file, trained.checkpoint)
    print(f"   validation: {accuracy:.1f} % top-1 after {trained.epoch} epochs")
    last = result.parent / _LAST
    with replacing(last) as temporary:
        shutil.copyfile(trained.checkpoint, temporary)
    note = {"checkpoint": file_digest(last), "accuracy": accuracy}
    write_json({**note, "epoch": trained.epoch, "finished": trained.finished}, result)


def _validate(file: Path, checkpoint: str | Path) -> float:
    """Return the top-1 accuracy on the validation list, in percent."""
    cfg = load_config(file)
    set_list(cfg, "test_dataloader", file.parent / "val.csv", "validation")
    with redirect_stdout(_Progress(sys.stdout)):
        return float(test(cfg, checkpoint)[_METRIC])


def _fine_tune(
    steps: _Steps,
    settings: FitSettings,
    out: Path,
    known: dict[str, Any],
    minutes: float,
    seconds_left: Callable[[], float],
) -> None:
    """Fine-tune in the time that is left of the minutes, for as many epochs as fit in."""
    file, result = out / "fine-tuned.py", out / "fine-tuned" / "result.json"
    plan, head = out / "fine-tuned.json", read_json(out / "frozen" / "result.json")
    settings = replace(settings, start=f"frozen/{_LAST}")
    wanted = settings_digest([settings.__dict__, known, head["checkpoint"]])
    planned = read_json(plan) if plan.is_file() else {}
    if planned.get("inputs") != wanted or (
        minutes > planned["minutes"] and _fitting(planned, seconds_left()) > planned["epochs"]
    ):
        # What it was made from has changed, or there are minutes for more epochs: an earlier result is no candidate.
        for kind in ("fine-tuned", "ensemble"):
            (out / kind / "result.json").unlink(missing_ok=True)
        if seconds_left() <= 0:
            print("== fine-tune: skipped, the minutes are spent; give more with --minutes")
            return
        print("== time a step of fine-tuning", flush=True)
        epochs, seconds = _plan_epochs(settings, out, seconds_left)
        if epochs < _MIN_EPOCHS:
            need = int(np.ceil((_MIN_EPOCHS * seconds / _RESERVE - seconds_left()) / 60)) + 1
            print(
                f"== fine-tune: skipped, an epoch takes about {seconds:.0f} s and {max(seconds_left(), 0):.0f} s are "
                f"left; give about {max(need, 1)} more --minutes"
            )
            return
        print(f"   {epochs} epochs of about {seconds:.0f} s")
        planned = {"inputs": wanted, "minutes": minutes, "epochs": epochs, "seconds per epoch": seconds}
        steps.write(file, write_config("fine-tuned", replace(settings, epochs=epochs)))
        write_json(planned, plan)
    seconds = seconds_left()
    if result.is_file() and not read_json(result)["finished"] and seconds > planned["seconds per epoch"]:
        result.unlink()  # the minutes of an earlier call ended it; it goes on
    if not result.is_file() and seconds <= 0:
        print("== fine-tune: skipped, the minutes are spent; give more with --minutes")
        return
    budget = {"type": "BudgetHook", "hours": max(seconds, 1.0) / 3600}
    inputs = [config_digest(load_config(file)), known, head["checkpoint"]]
    try:
        steps.run("fine-tune", inputs, [result], lambda: _train(file, result, [budget]), result.parent)
    except DivergedError as error:
        print(f"   left out, the head on frozen features is what remains; to try again, change {file}: {error}")


def _plan_epochs(settings: FitSettings, out: Path, seconds_left: Callable[[], float]) -> tuple[int, float]:
    """Return how many epochs of fine-tuning fit into the time that is left, and the seconds of one."""
    work = out / "timing"
    work.mkdir(exist_ok=True)
    # Beside the other configs, as it finds the lists by its own folder.
    file = out / "timing.py"
    write_whole(write_config("fine-tuned", settings).encode(), file)
    try:
        cfg = load_config(file)
        cfg.work_dir = str(work)
        cfg.custom_hooks = [*cfg.custom_hooks, dict(type="StepTimeHook", file=str(work / "steps.json"))]
        cfg.default_hooks.checkpoint = dict(type="CheckpointHook", interval=-1, save_last=False)
        with redirect_stdout(_Progress(sys.stdout)):
            train(cfg, validate=False)
        step = float(np.median(json.loads((work / "steps.json").read_text())))
    finally:
        file.unlink()
        shutil.rmtree(work, ignore_errors=True)
    seconds = step * (settings.images // cfg.train_dataloader.batch_size)
    return _fitting({"seconds per epoch": seconds}, seconds_left()), seconds


def _fitting(planned: dict[str, Any], seconds: float) -> int:
    """Return how many epochs fit into some seconds."""
    return min(_MAX_EPOCHS, int(_RESERVE * seconds / planned["seconds per epoch"]))


def _join(steps: _Steps, out: Path, known: dict[str, Any]) -> None:
    """Average the two trained candidates where there are two: they err on different pictures."""
    notes = {kind: out / kind / "result.json" for kind in TRAINED}
    if not all(note.is_file() for note in notes.values()):
        return
    file, folder = out / "ensemble.py", out / "ensemble"
    steps.write(file, ENSEMBLE_CONFIG)
    found = {kind: read_json(note) for kind, note in notes.items()}
    cfg = load_config(file)

    def make() -> None:
        joined = join_models(cfg, [out / kind / _LAST for kind in found], folder / _LAST)
        accuracy = _validate(file, joined)
        print(f"   validation: {accuracy:.1f} % top-1")
        write_json({"checkpoint": file_digest(joined), "accuracy": accuracy}, folder / "result.json")

    steps.run("average both", [config_digest(cfg), known, found], [folder / "result.json"], make)


def _choose(steps: _Steps, out: Path, known: dict[str, Any]) -> None:
    """Keep the candidate that is best on the validation list.

    Of equals the mean of both, which is right for more of the pictures that differ from those of the list, else the
    one that comes first, which is cheaper.
    """
    found = {kind: read_json(file) for kind in KINDS if (file := out / kind / "result.json").is_file()}
    best = max(found, key=lambda kind: (found[kind]["accuracy"], kind == "ensemble"))
    config = (out / f"{best}.py").read_text(encoding="utf-8")

    def make() -> None:
        for kind, result in found.items():
            print(f"   {kind}: {result['accuracy']:.1f} % top-1 on the validation list")
        before, kept = read_json(out / "chosen.json"), out / CONFIG
        if before and before["kind"] != best and steps.is_changed(kept):
            aside = out / f"config_{before['kind']}.py"
            os.replace(kept, aside)
            print(
                f"   the changes in {kept} belong to the {before['kind']} model, which is not kept; they are in {aside}"
            )
        published = publish_checkpoint(out / best / _LAST, out / CHECKPOINT)
        os.replace(published, out / CHECKPOINT)
        steps.write(kept, config)
        write_json({"kind": best, **found[best]}, out / "chosen.json")

    outputs = [out / CONFIG, out / CHECKPOINT, out / "chosen.json"]
    steps.run("choose", [found, config, known], outputs, make)


def _calibrate(steps: _Steps, out: Path, known: dict[str, Any]) -> None:
    """Fit on the validation list what the scores of the kept model mean."""
    cfg, outputs = load_config(out / CONFIG), [calibration_file(out / CHECKPOINT), fingerprint_file(out / CHECKPOINT)]
    if has_both_modalities(cfg.model):
        outputs.append(routing_file(out / CHECKPOINT))
    cfg.work_dir = str(out / "calibrate")
    set_list(cfg, "val_dataloader", out / "val.csv", "validation")

    def make() -> None:
        with redirect_stdout(_Progress(sys.stdout)):
            report = calibrate(cfg, out / CHECKPOINT)
        print("   " + report.summary())
        if report.routing is not None:
            print("   " + report.routing.summary())

    steps.run("calibrate", [config_digest(cfg), known, file_digest(out / CHECKPOINT)], outputs, make)


def _test(steps: _Steps, out: Path, known: dict[str, Any]) -> None:
    cfg = load_config(out / CONFIG)
    cfg.work_dir = str(out / "test")
    inputs = [config_digest(cfg), known, *map(file_digest, (out / CHECKPOINT, calibration_file(out / CHECKPOINT)))]
    tables = _test_tables(out, cfg)

    def make() -> None:
        with redirect_stdout(_Progress(sys.stdout)):
            for without, table in tables.values():
                test(cfg, out / CHECKPOINT, out=table, without=without)

    steps.run("test", inputs, [table for _, table in tables.values()], make)


def _test_tables(out: Path, cfg: Config) -> dict[str, tuple[str | None, Path]]:
    """Return what the model is tested on, by the names in the report: the modality that is left out, and the table."""
    tables: dict[str, tuple[str | None, Path]] = {_MODEL: (None, out / "test.parquet")}
    if all(model.get("text_encoder") is not None for model in cfg.model.get("members") or [cfg.model]):
        tables[f"{_MODEL}, image alone"] = "text", out / "test_image.parquet"
        tables[f"{_MODEL}, text alone"] = "image", out / "test_text.parquet"
    return tables


def _report(steps: _Steps, out: Path, root: Path, table: Path) -> FitResult:
    """Compare with the plainest models, and write ``result.md``."""
    chosen, tables = read_json(out / "chosen.json"), _test_tables(out, load_config(out / CONFIG))
    page, note = out / "result.md", out / "result.json"

    def make() -> None:
        cfg = load_config(out / "frozen.py")
        settings = next(step for step in cfg.test_dataloader.dataset.pipeline if step["type"] == "LoadFeature")
        with building(cfg):
            store = FeatureStore(**{key: value for key, value in settings.items() if key not in ("type", "train")})

            def encode(files: Sequence[str]) -> np.ndarray:
                return np.stack([store.feature(file) if file in store else store.blank for file in files])

            classes, opened = read_classes(out / "classes.txt"), OCRTable.open(table)
            train_list, test_list = (
                read_labelled(out / f"{name}.csv", root, classes, opened, encode) for name in ("train", "test")
            )
        models = {name: read_predictions(table) for name, (_, table) in tables.items()}
        compared = compare(fit_baselines(train_list, test_list, classes), models, _TIPS[chosen["kind"]], [_MODEL])
        accuracy = float(compared.rows.set_index("name").loc[_MODEL, "top-1"])
        calibrated = _calibrated(out, models[_MODEL])
        write_whole(_page(out, chosen, compared.markdown(), calibrated, len(test_list.images)).encode(), page)
        write_json({"test_accuracy": accuracy, "verdict": compared.verdicts[0]}, note)

    kept = calibration_file(out / CHECKPOINT).name
    names = ("train.csv", "test.csv", "text.json", "frozen.py", kept, *(table.name for _, table in tables.values()))
    inputs = [chosen["kind"], *(file_digest(out / name) for name in names)]
    steps.run("compare with the plainest models", inputs, [page, note], make)
    result = read_json(note)
    return FitResult(
        folder=out,
        kind=chosen["kind"],
        val_accuracy=chosen["accuracy"],
        test_accuracy=result["test_accuracy"],
        verdict=result["verdict"],
        report=page.read_text(encoding="utf-8"),
    )


def _calibrated(out: Path, tested: Predictions) -> str:
    """Say what the calibration changed on the test list."""
    calibration = read_calibration(out / CHECKPOINT)
    if calibration is None or tested.labels is None or CALIBRATED_BY not in tested.source.details:
        return "The scores of the test are the model's own: it was not calibrated for them."
    # A temperature is undone by its inverse, as the best class stays the best.
    own = apply_temperature(tested.scores, 1 / calibration.temperature)
    before, after = (figures(scores, tested.labels) for scores in (own, tested.scores))
    return (
        "The scores are calibrated on the validation list. On the test list their expected calibration error is\n"
        f"{after['ece']:.3f} (true probabilities of {len(tested)} pictures: {after['by chance']:.3f}, by chance), and "
        f"that of the model's\nown scores {before['ece']:.3f}."
    )


def _page(out: Path, chosen: dict[str, Any], table: str, calibrated: str, count: int) -> str:
    return f"""# {out.name}

{count} test pictures, which neither training nor the choice of the model has seen. The model is the {chosen["kind"]}
one ({chosen["accuracy"]:.1f} % top-1 on the validation list). The baselines are fitted on the training list. The
model's TF-IDF has seen the text of all lists, without labels.

{table}
{calibrated}

Next:

    kdxf predict {out} some/folder --save_csv out.csv
    kdxf report {out} --out report.html

The settings are on top of frozen.py and fine-tuned.py in {out}: change them, and run the same kdxf fit again. A
fine-tuning that was skipped is made up for with more --minutes; what is done is not repeated.
"""
