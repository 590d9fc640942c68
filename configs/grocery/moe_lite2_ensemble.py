"""The mean of moe_lite2_frozen.py and moe_lite2.py: they err on different photographs.

Data     as moe_lite2.py; first train both
Train    each alone; then join: python tools/recipes/join_models.py configs/grocery/moe_lite2_ensemble.py \\
             work_dirs/grocery/moe_lite2_frozen/epoch_20.pth work_dirs/grocery/moe_lite2/epoch_6.pth \\
             --out work_dirs/grocery/moe_lite2_ensemble/model.pth
Test     python tools/test.py configs/grocery/moe_lite2_ensemble.py work_dirs/grocery/moe_lite2_ensemble/model.pth
Result   val: top-1 85.1 (+-2.1), packages alone 86 (+-3.5); without the text 82.4 and 75 (two Xeon cores, torch 2.14)
"""

_base_ = "moe_lite2.py"

model = dict(_delete_=True, type="EnsembleClassifier", members=[_base_.model, _base_.model])
load_from = None
custom_hooks = _base_.custom_hooks[:-2]  # those of training alone
