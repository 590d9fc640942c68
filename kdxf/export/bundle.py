"""Export of a trained model as a bundle (:mod:`kdxf_runtime.bundle`), which answers without torch."""

import copy
import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from kdxf.apis.stages import last_stage
from kdxf.engine.config import building, config_digest, type_name
from kdxf.errors import UserError
from kdxf.evaluation.calibration.stored import read_calibration
from kdxf.evaluation.drift.stored import fingerprint_file, read_fingerprint
from kdxf.evaluation.routing.stored import read_routing
from kdxf.export.card import card
from kdxf.export.check import Agreement, check, check_reading, compare
from kdxf.export.eight_bits import quantize
from kdxf.export.frozen import STEPS, without_stores
from kdxf.export.graph import OPSET, export_graph
from kdxf.export.portable import Portable, check_size, make_portable
from kdxf.export.steps import StepWriter, split_views
from kdxf.inference.inferencer import DEFAULT_ENGINE, KDXFInferencer
from kdxf.inference.inputs import InputTexts, dataset_images
from kdxf.models.heads.predicted_classes import is_multi_label
from kdxf.text.ocr import OCRTable
from kdxf.text.ocr.build import build_engine
from kdxf.version import __version__
from kdxf_runtime.bundle import GRAPH, MANIFEST, SUFFIX, Bundle, GraphInput, Manifest, describe_files, pack
from kdxf_runtime.inputs import InputImage, collect_images
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.io.files import write_json, write_whole
from kdxf_runtime.ocr.rapidocr_engine import RapidOCREngine
from kdxf_runtime.runner import Answer, Picture, Runner
from kdxf_runtime.table_columns import TableColumns
from kdxf_runtime.trust.calibration import Calibration, calibration_to_json
from kdxf_runtime.trust.routing import Routing, routing_to_json

COMPARED = 200
"""So many pictures are answered by both, where there are as many."""
SAMPLES = 8
_ADVICE = "give pictures to compare the bundle with the model on: --pictures FOLDER"


@dataclass(frozen=True)
class ExportReport:
    """The outcome of :func:`export`.

    Attributes:
        path: The bundle.
        megabytes: Its size.
        agreement: How well it agrees with the model.
        views: The same of test-time augmentation; None where the bundle has no views.
        left_out: What the bundle does not hold, and why.
        seconds: How long it took.
    """

    path: Path
    megabytes: float
    agreement: Agreement
    views: Agreement | None
    left_out: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        lines = [f"{self.path}: {self.megabytes:.0f} MB in {self.seconds:.0f} s", f"compared on {self.agreement}"]
        lines += [] if self.views is None else [f"with its views on {self.views}"]
        return "\n".join([*lines, *(f"left out: {line}" for line in self.left_out)])


@dataclass(frozen=True)
class ExportOptions:
    """What a bundle holds, and what it is compared on.

    Attributes:
        pictures: Pictures and folders to compare on; by default the list of the config's test dataset.
        ocr_table: The text of ``pictures``; what it lacks is read now.
        class_names: File with readable class names.
        half_vectors: Write word vectors as float16.
        name: What the model is called; by default as its config.
        trust_checkpoint: Load a checkpoint that may run code.
        workers: Processes that read text.
        quantize: Whether the image encoder is made one of eight bits.
    """

    pictures: Sequence[str | Path] = ()
    ocr_table: str | Path | None = None
    class_names: str | Path | None = None
    half_vectors: bool = False
    name: str | None = None
    trust_checkpoint: bool = False
    workers: int = 0
    quantize: bool = False


_USUAL = ExportOptions()


def export(
    cfg: Config,
    checkpoint: str | Path,
    out: str | Path,
    options: ExportOptions = _USUAL,
    *,
    overwrite: bool = False,
) -> ExportReport:
    """Write a model as a bundle, after it has answered pictures as the model does.

    Args:
        cfg: A config from :func:`kdxf.engine.config.load_config`; of one with stages the last is exported.
        checkpoint: A checkpoint of its model; what ``kdxf calibrate`` has left beside it goes into the bundle.
        out: A folder, or one file whose name ends with ``.kdxf``.
        options: What the bundle holds.
        overwrite: Replace ``out``, where that is a bundle.

    Raises:
        UserError: Something cannot be used or exported, ``out`` exists, there are no pictures, the bundle does not
            answer as the model, or quantization does not pay. Nothing is written then.
    """
    start = time.perf_counter()
    out = Path(out)
    _check_out(out, overwrite)
    folder = out.with_name(f".{out.name}.{os.getpid()}.partial")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with tempfile.TemporaryDirectory() as empty:
            # Features are kept as float16; those that are computed now have all their digits.
            report = _fill(_without_kept_features(cfg, empty), checkpoint, folder, options)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
        _move(folder, out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return replace(report, path=out, megabytes=size, seconds=time.perf_counter() - start)


def _check_out(out: Path, overwrite: bool) -> None:
    if not out.exists():
        return
    if not overwrite:
        raise UserError(f"--out {out}: exists; choose another name, or add --overwrite")
    if not (out.is_file() if out.suffix == SUFFIX else (out / MANIFEST).is_file()):
        raise UserError(f"--out {out}: is no bundle, so it is not replaced; choose another name")


def _without_kept_features(cfg: Config, empty: str) -> Config:
    """Return a config whose test pipelines compute the features that they would load from a store."""
    cfg = last_stage(copy.deepcopy(cfg))

    def empty_stores(part: Any) -> None:
        if isinstance(part, dict):
            if part.get("type") and type_name(part) in STEPS:
                part["folder"] = empty
            for value in part.values():
                empty_stores(value)
        elif isinstance(part, list | tuple):
            for value in part:
                empty_stores(value)

    for key in ("test_dataloader", "tta_pipeline"):
        empty_stores(cfg.get(key))
    return cfg


def _fill(cfg: Config, checkpoint: str | Path, folder: Path, options: ExportOptions) -> ExportReport:
    """Write everything into an empty folder, and compare."""
    usual: dict[str, Any] = {"device": "cpu", "trust_checkpoint": options.trust_checkpoint}
    inferencer = KDXFInferencer(cfg, checkpoint, class_names=options.class_names, **usual)
    images, texts = _pictures(inferencer, options)
    if texts is not None:
        texts.read_missing(inferencer.reader, options.workers, progress=False)
    portable = make_portable(inferencer.model, inferencer.cfg)
    manifest, left_out = _write_parts(inferencer, portable, checkpoint, folder, options)
    _seal(folder, manifest)
    runner = Runner(Bundle.open(folder))
    agreement, answers = compare(inferencer, portable.pipeline, runner, images, texts)
    check(agreement)
    if inferencer.needs_text:
        check_reading(inferencer.reader, runner.engine, images[:SAMPLES])
    views = None
    if manifest.views is not None:
        views = _check_views(KDXFInferencer(cfg, checkpoint, tta=True, **usual), folder, images, texts)
    about = {**manifest.about, "compared": asdict(agreement)}
    if options.quantize:
        about["quantized"] = asdict(quantize(inferencer, Runner(Bundle.open(folder))))
        _seal(folder, manifest)
        answers = _answer_anew(folder, images[:SAMPLES], answers[:SAMPLES])
    _write_samples(folder, images[:SAMPLES], answers[:SAMPLES])
    manifest = replace(manifest, about=about)
    write_whole(card(manifest, left_out).encode(), folder / "card.md")
    _seal(folder, manifest)
    return ExportReport(folder, 0.0, agreement, views, tuple(left_out), 0.0)


def _name(cfg: Config) -> str:
    return Path(str(cfg.filename or "model")).stem


def _pictures(inferencer: KDXFInferencer, options: ExportOptions) -> tuple[list[InputImage], InputTexts | None]:
    if options.pictures:
        images = _spread(collect_images(options.pictures))
        table = None if options.ocr_table is None else OCRTable.open(options.ocr_table)
        return images, InputTexts.from_table(images, table) if inferencer.needs_text else None
    try:
        dataset = inferencer.test_dataset()
    except (UserError, OSError) as error:
        raise UserError(f"{_ADVICE} (the test dataset cannot be opened: {' '.join(str(error).split())})") from error
    images = dataset_images(dataset)
    if not images:
        raise UserError(f"the test dataset is empty; {_ADVICE}")
    texts = InputTexts.from_dataset(images, dataset) if inferencer.needs_text else None
    rows = _spread(list(range(len(images))))
    kept = [images[row] for row in rows]
    if texts is None:
        return kept, None
    unread = set(texts.unread())
    known = [None if row in unread else texts[row] for row in rows]
    return kept, InputTexts(kept, known.__getitem__)


def _spread(items: list[Any]) -> list[Any]:
    """Return at most :data:`COMPARED` items, evenly spread."""
    count = min(len(items), COMPARED)
    return [items[index * len(items) // count] for index in range(count)]


def _write_parts(
    inferencer: KDXFInferencer, portable: Portable, checkpoint: str | Path, folder: Path, options: ExportOptions
) -> tuple[Manifest, list[str]]:
    """Write the graph, the files of the steps and the models of OCR, and return the manifest without its files."""
    left_out: list[str] = []
    parity = export_graph(portable, folder / GRAPH)
    writer = StepWriter(folder, options.half_vectors)
    steps = writer.steps(portable.pipeline)
    views = None
    if inferencer.cfg.get("tta_pipeline") is not None and inferencer.cfg.get("tta_model") is not None:
        try:
            with building(inferencer.cfg):
                each = [without_stores(view).pipeline for view in split_views(inferencer.cfg.tta_pipeline)]
                for view in each:
                    check_size(view, portable.inputs)
            views = tuple(tuple(writer.steps(view)) for view in each)
        except UserError as error:
            left_out.append(f"test-time augmentation: {error}")
    calibration, routing = read_calibration(checkpoint), read_routing(checkpoint)
    fingerprint = fingerprint_file(checkpoint)
    known = read_fingerprint(checkpoint) is not None
    names = inferencer.categories.names
    manifest = Manifest(
        name=options.name or _name(inferencer.cfg),
        classes=inferencer.classes,
        names=None if names is None or names == inferencer.classes else names,
        inputs=tuple(GraphInput(item.name, item.dtype, item.shape) for item in portable.inputs),
        steps=tuple(steps),
        views=views,
        engine=_write_engine(inferencer, folder) if inferencer.needs_text else None,
        multi_label=_multi_label(inferencer),
        calibration=None if calibration is None else calibration_to_json(_anonymous(calibration)),
        routing=None if routing is None else routing_to_json(_anonymous_routing(routing)),
        fingerprint=json.loads(fingerprint.read_text(encoding="utf-8")) if known else None,
        about={
            "kdxf": __version__,
            "made": time.strftime("%Y-%m-%d"),
            "config": _name(inferencer.cfg),
            "config_digest": config_digest(inferencer.cfg),
            "checkpoint": file_digest(checkpoint),
            "training_data": [copy.deepcopy(part) for part in inferencer.training_data],
            "opset": OPSET,
            "graph_difference": parity.score,
            **_columns(portable.pipeline),
        },
    )
    return manifest, left_out


def _columns(pipeline: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the ``columns`` of a table that a pipeline takes; nothing of one that takes none."""
    files = [step["file"] for step in pipeline if type_name(step) == "EncodeTable"]
    return {"columns": [name for file in files for name in TableColumns.open(file).names]} if files else {}


def _anonymous(calibration: Calibration) -> Calibration:
    """Return a calibration without the keys of its images, by which only their owner can tell them."""
    return replace(calibration, images=np.empty(0, np.int64))


def _anonymous_routing(routing: Routing) -> Routing:
    alone = None if routing.alone is None else _anonymous(routing.alone)
    return replace(routing, calibration=_anonymous(routing.calibration), alone=alone)


def _multi_label(inferencer: KDXFInferencer) -> dict[str, Any] | None:
    head: Any = getattr(inferencer.model, "head", None)
    if not is_multi_label(head):
        return None
    return {"topk": head.topk} if head.thr is None else {"threshold": float(head.thr)}


def _write_engine(inferencer: KDXFInferencer, folder: Path) -> dict[str, Any]:
    """Copy the models of the OCR engine, and return its config with them."""
    options = dict(inferencer.cfg.get("ocr_engine") or DEFAULT_ENGINE)
    engine = build_engine(options)
    if not isinstance(engine, RapidOCREngine):
        raise UserError(
            f"ocr_engine: a bundle reads text with RapidOCR, and the config with {type(engine).__name__}; set "
            "ocr_engine=dict(type='RapidOCREngine')"
        )
    params = dict(options.get("params") or {})
    files = {key: Path(value) for key, value in params.items() if key.endswith("_path")} | engine.model_files()
    for key, path in files.items():
        part = key.rpartition(".")[0].lower()
        target = f"ocr/{part}/{path.name}"  # two parts may have files of one name
        (folder / "ocr" / part).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / target)
        params[key] = target
    return {**options, "type": "RapidOCREngine", "params": params, "name": engine.name}


def _check_views(
    inferencer: KDXFInferencer, folder: Path, images: Sequence[InputImage], texts: InputTexts | None
) -> Agreement:
    images = images[: COMPARED // 4]
    runner = Runner(Bundle.open(folder), tta=True)
    agreement, _ = compare(inferencer, inferencer.cfg.tta_pipeline, runner, images, texts)
    check(agreement)
    return agreement


def _answer_anew(folder: Path, images: Sequence[InputImage], answers: Sequence[Answer]) -> list[Answer]:
    """Answer pictures by the graph that the bundle has now, from the same texts."""
    pictures = [
        replace(Picture.read(image.path, image.image_id, image.columns), record=answer.record)
        for image, answer in zip(images, answers, strict=True)
    ]
    return Runner(Bundle.open(folder)).answer(pictures)


def _write_samples(folder: Path, images: Sequence[InputImage], answers: Sequence[Answer]) -> None:
    """Write some pictures, and what is expected of them."""
    (folder / "samples").mkdir()
    expected = []
    for index, (image, answer) in enumerate(zip(images, answers, strict=True)):
        if answer.prediction.error is not None:
            continue
        file = f"{index}{Path(image.path).suffix.lower()}"
        shutil.copyfile(image.path, folder / "samples" / file)
        expected.append(
            {
                "file": file,
                "category_id": answer.prediction.category_id,
                "scores": [round(float(score), 6) for score in answer.prediction.scores],
                "texts": [] if answer.record is None else answer.record.texts,
                **({} if image.columns is None else {"columns": dict(image.columns)}),
            }
        )
    write_json(expected, folder / "samples" / "expected.json")


def _seal(folder: Path, manifest: Manifest) -> None:
    """Write the manifest with the digests of all files that are there now."""
    write_whole(replace(manifest, files=describe_files(folder)).to_json().encode(), folder / MANIFEST)


def _move(folder: Path, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == SUFFIX:
        pack(folder, out)
        return
    replaced = out.with_name(f".{out.name}.{os.getpid()}.replaced")  # a folder cannot take the place of a full one
    if out.exists():
        os.replace(out, replaced)
    os.replace(folder, out)
    shutil.rmtree(replaced, ignore_errors=True)
