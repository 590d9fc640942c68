r"""The second round of the Hualu Cup document: the same network learns from what the first round's folds said.

Trains   image_efficientnet-b4.py on 0.6 x label + 0.4 x out-of-fold prediction, with the pictures of offline CutMix;
         those have no prediction and are trained on their labels (the document smooths these labels to 0.925)
Data     as there, with cutmix/fold_0/train.csv (tools/data/cutmix.py, on the training part of each fold alone) and
         round_1.parquet, the out-of-fold predictions of the first round. Folds are stored once:
         the document draws them again and so mixes images that a teacher had seen into its labels
Train    cp work_dirs/recipes/hualu_cup/round_1/oof.parquet data/hualu_cup/round_1.parquet
         python tools/train.py configs/recipes/hualu_cup/image_efficientnet-b4_distill.py
         all folds: python tools/recipes/kfold.py configs/recipes/hualu_cup/image_efficientnet-b4_distill.py \
             --checkpoint best --folds data/hualu_cup/cutmix --work-dir work_dirs/recipes/hualu_cup/round_2
Test     python tools/test.py configs/recipes/hualu_cup/image_efficientnet-b4_distill.py \
             work_dirs/recipes/hualu_cup/image_efficientnet-b4_distill/best_*.pth
Result   not measured; the document's mAP is that of three models of both rounds (image_efficientnet-b4.py)
"""

_base_ = "_base_/hualu_cup.py"

train_dataloader = dict(
    dataset=dict(
        ann_file="cutmix/fold_0/train.csv",
        soft_label_file="round_1.parquet",
        ground_truth_ratio=0.6,
    )
)
