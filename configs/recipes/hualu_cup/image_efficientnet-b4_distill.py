r"""The second round of the Hualu Cup document: the same network learns from the first round's out-of-fold predictions.

Trains   image_efficientnet-b4.py on 0.6 x label + 0.4 x out-of-fold prediction, with the images of offline CutMix;
         these have no prediction and train on their labels alone (the document smooths those labels to 0.925)
Data     as image_efficientnet-b4.py, with cutmix/fold_0/train.csv (tools/data/cutmix.py, from the training part of each
         fold only) and round_1.parquet, the out-of-fold predictions of the first round. Both rounds use the same
         folds; the document draws new ones, so some of its soft labels come from models trained on those images
Train    cp work_dirs/recipes/hualu_cup/round_1/oof.parquet data/hualu_cup/round_1.parquet
         python tools/train.py configs/recipes/hualu_cup/image_efficientnet-b4_distill.py
         all folds: python tools/recipes/kfold.py configs/recipes/hualu_cup/image_efficientnet-b4_distill.py \
             --checkpoint best --folds data/hualu_cup/cutmix --work-dir work_dirs/recipes/hualu_cup/round_2
Test     python tools/test.py configs/recipes/hualu_cup/image_efficientnet-b4_distill.py \
             work_dirs/recipes/hualu_cup/image_efficientnet-b4_distill/best_*.pth
Result   not measured; the document's mAP is that of three models from both rounds (image_efficientnet-b4.py)
"""

_base_ = "_base_/hualu_cup.py"

train_dataloader = dict(
    dataset=dict(
        ann_file="cutmix/fold_0/train.csv",
        soft_label_file="round_1.parquet",
        ground_truth_ratio=0.6,
    )
)
