import numpy as np
import pytest
import torch

from kdxf.inference.features import extract_features
from kdxf.inference.inferencer import KDXFInferencer

ENGINE = {"type": "BrightnessOCR"}


@pytest.mark.parametrize("with_text", [False, True])
def test_the_head_makes_the_scores_of_the_features(lab, with_text):
    config, checkpoint = (lab.moe, lab.moe_checkpoint) if with_text else (lab.image, lab.image_checkpoint)
    inferencer = KDXFInferencer(config, checkpoint, engine=ENGINE, device="cpu")
    paths = [lab.images / name for name in lab.names]
    table = {"ocr_table": lab.root / "ocr", "ocr_root": lab.images} if with_text else {}
    features = extract_features(inferencer, paths, batch_size=2, **table)
    assert features.dtype == np.float32 and len(features) == len(paths)
    with torch.inference_mode():
        samples = inferencer.model.head.predict((torch.from_numpy(features),))
    for sample, expected in zip(samples, inferencer([lab.images], ocr_table=table.get("ocr_table")), strict=True):
        np.testing.assert_allclose(sample.pred_score.numpy(), expected.scores, atol=1e-5)
