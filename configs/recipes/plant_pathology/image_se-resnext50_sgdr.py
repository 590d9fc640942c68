"""image_se-resnext50.py with the cosine restarts of the document's code.

Trains   the same model; Adam at 1e-3, three cosines down to 1e-5 over 10, 20 and 40 epochs
Data     as image_se-resnext50.py
Train    python tools/train.py configs/recipes/plant_pathology/image_se-resnext50_sgdr.py --amp
Test     python tools/test.py configs/recipes/plant_pathology/image_se-resnext50_sgdr.py \\
             work_dirs/recipes/plant_pathology/image_se-resnext50_sgdr/best_*.pth --tta
Result   not measured. image_se-resnext50.py has the document's scores
"""

_base_ = "image_se-resnext50.py"

periods = [10, 20, 40]

param_scheduler = dict(
    _delete_=True,
    type="CosineRestartLR",
    periods=periods,
    restart_weights=[1.0] * len(periods),
    eta_min=1e-5,
    by_epoch=True,
    convert_to_iter_based=True,
)
