"""The mean of image_lite2_frozen.py and image_lite2.py: they err on different photographs.

Data     as image_lite2.py; first train both
Train    each alone; then join: python tools/recipes/join_models.py configs/grocery/image_lite2_ensemble.py \\
             work_dirs/grocery/image_lite2_frozen/epoch_20.pth work_dirs/grocery/image_lite2/epoch_6.pth \\
             --out work_dirs/grocery/image_lite2_ensemble/model.pth
Test     python tools/test.py configs/grocery/image_lite2_ensemble.py work_dirs/grocery/image_lite2_ensemble/model.pth
Result   not measured
"""

_base_ = "image_lite2.py"

model = dict(_delete_=True, type="EnsembleClassifier", members=[_base_.model, _base_.model])
load_from = None
custom_hooks = _base_.custom_hooks[:-2]  # those of training alone
