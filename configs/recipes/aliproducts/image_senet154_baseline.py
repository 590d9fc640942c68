r"""The baseline with SENet-154, which the document lists but could not train.

Trains   the three rounds of image_res2net50_baseline.py
Data     as image_res2net50_baseline.py
Train    python tools/train.py configs/recipes/aliproducts/image_senet154_baseline.py
Test     python tools/test.py configs/recipes/aliproducts/image_senet154_baseline.py \
             work_dirs/recipes/aliproducts/image_senet154_baseline/3_all-classes/best_*.pth
Result   not measured; the document has none ("there is a problem with senet154, not usable")
"""

_base_ = "image_res2net50_baseline.py"

# With the weights of pretrained-models.pytorch, as in the document; timm's "senet154" is a different network.
model = dict(image_backbone=dict(model_name="legacy_senet154"))
