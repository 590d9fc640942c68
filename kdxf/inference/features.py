"""Features of images: a trained model's output before its head, for search and comparison."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from kdxf.engine.config import building
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.inputs import InputTexts
from kdxf.inference.pipeline import InferenceDataset, iterate_batches, pipeline_config
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.inputs import collect_images


@torch.inference_mode()
def extract_features(
    inferencer: KDXFInferencer,
    paths: Sequence[str | Path],
    *,
    batch_size: int = 32,
    workers: int = 0,
    ocr_table: str | Path | None = None,
    ocr_root: str | Path | None = None,
) -> np.ndarray:
    """Compute the features that the model's head takes.

    Args:
        inferencer: The model, without test-time augmentation.
        paths: Image files; one that cannot be read is replaced by a blank one.
        batch_size: Images in a batch.
        workers: Processes for loading, and for OCR where text is missing.
        ocr_table: An OCR table; images that it lacks are read now, if the model needs text.
        ocr_root: The folder that the paths of the table are relative to.

    Returns:
        float32 (len(paths), C), C features of each image.

    Raises:
        UserError: A path or the table does not exist.
    """
    images, texts = collect_images(paths, ocr_root), None
    if inferencer.needs_text:
        texts = InputTexts.from_table(images, None if ocr_table is None else OCRTable.open(ocr_table))
        texts.read_missing(inferencer.reader, workers, progress=True)
    cfg, model = inferencer.cfg, inferencer.model
    with building(cfg):
        dataset = InferenceDataset(images, texts, pipeline_config(cfg, tta=False))
    features = []
    with tqdm(total=len(images), desc="features", unit=" images", disable=None) as bar:
        for batch, errors in iterate_batches(dataset, cfg, batch_size, workers):
            feature = model.extract_feat(model.data_preprocessor(batch)["inputs"])[-1]
            features.append(feature.flatten(1).float().cpu().numpy())
            bar.update(len(errors))
    return np.concatenate(features)
