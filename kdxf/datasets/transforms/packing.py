"""The last transform, which turns a results dict into the model's inputs."""

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmpretrain.structures import DataSample

from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS

TEXT_KEYS = (
    "text",
    "text_weight",
    "text_box",
    "text_ids",
    "text_mask",
    "text_boxes",
    "ngram_ids",
    "ngram_weight",
    "tfidf",
    "tfidf_weight",
    "text_feature",
    "text_feature_weight",
)
TABLE_KEY = "table"
JITTER_KEY = "img_jitter"
META_KEYS = (
    "sample_idx",
    "img_path",
    "error",
    "ori_shape",
    "img_shape",
    "scale_factor",
    "flip",
    "flip_direction",
)


@TRANSFORMS.register_module()
class PackImageTextInputs(BaseTransform):
    """Packs the image, the text and the columns of a table, whichever the pipeline made.

    Required keys: at least one of the inputs below. All other keys are deleted. Result::

        inputs        {'img': uint8 (3, H, W), in memory still (H, W, 3),
                       'text': float32 (L, D), 'text_weight': float32 (L,), 'text_box': float32 (L, 4),
                       'text_ids': int64 (T,), 'text_mask': float32 (T,), 'text_boxes': int64 (T, 4),
                       'ngram_ids': int64 (M,), 'ngram_weight': float32 (M,),
                       'tfidf': float32 (1, C), 'tfidf_weight': float32 (1,),
                       'text_feature': float32 (1, C), 'text_feature_weight': float32 (1,),
                       'table': float32 (D,), 'img_jitter': float32 (3, 3)}
        data_samples  DataSample with the meta keys and, if present, gt_label int64 (1,) or several,
                      gt_score float32 (K,), sample_weight float32 (1,)

    Args:
        meta_keys: Keys that are kept as meta information of the data sample, if present. ``error`` is always set,
            to ``None`` if the image was read, so that batches are uniform.

    Raises:
        UserError: The pipeline made none of them.
    """

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack ``results`` into ``inputs`` and ``data_samples``."""
        inputs = {}
        if "img" in results:
            inputs["img"] = torch.from_numpy(np.ascontiguousarray(results["img"])).permute(2, 0, 1)
        inputs |= {key: torch.from_numpy(results[key]) for key in (*TEXT_KEYS, TABLE_KEY, JITTER_KEY) if key in results}
        if not inputs:
            raise UserError(
                "PackImageTextInputs: the pipeline made neither an image nor text nor a table; add LoadImage, or "
                "TokenizeOCR and LookUpWordVectors, or EncodeTable, before it"
            )
        sample = DataSample()
        if "gt_label" in results:
            sample.set_gt_label(results["gt_label"])
        if "gt_score" in results:
            sample.set_gt_score(results["gt_score"])
        if "sample_weight" in results:
            weight = torch.tensor([results["sample_weight"]], dtype=torch.float32)
            sample.set_field(weight, "sample_weight", dtype=torch.Tensor)
        for key in self.meta_keys:
            if key in results:  # set_metainfo makes deep copies, which takes long
                sample.set_field(results[key], key, field_type="metainfo")
        sample.set_field(results.get("error"), "error", field_type="metainfo")
        return {"inputs": inputs, "data_samples": sample}
