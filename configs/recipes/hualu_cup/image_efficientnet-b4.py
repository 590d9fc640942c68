r"""The first round of the Hualu Cup document: is the person on the photograph calling, smoking, both or neither?

Trains   EfficientNet-B4 (AdvProp weights, 600 px) on four classes: Ranger, SGDR (10, 20, 40 epochs; 35 in all),
         gradients clamped to 1, the best epoch by mAP, early stopping after 26 epochs without progress
Data     data/hualu_cup: images/ (longest edge 600), lists/classes.txt, folds/fold_0/train.csv and val.csv, made by
             python tools/recipes/run.py configs/recipes/hualu_cup/pipeline.py --set work=data/hualu_cup \
                 --stage check lists resize duplicates folds cutmix
Train    python tools/train.py configs/recipes/hualu_cup/image_efficientnet-b4.py
         all folds: python tools/recipes/kfold.py configs/recipes/hualu_cup/image_efficientnet-b4.py --checkpoint best \
             --folds data/hualu_cup/folds --work-dir work_dirs/recipes/hualu_cup/round_1
         on a small card: --cfg-options optim_wrapper.accumulative_counts=4 model.image_backbone.with_cp=True
Test     python tools/test.py configs/recipes/hualu_cup/image_efficientnet-b4.py \
             work_dirs/recipes/hualu_cup/image_efficientnet-b4/best_*.pth
Result   not measured: the photographs belong to the organiser. The document's team came second with this round and the
         next one (image_efficientnet-b4_distill.py): mAP 99.15 on the semi-final's board A, 93.13 on B, with one
         model of this round and two of the next; trained on cards of 6 and 8 GB (GTX 1060, RTX 2070), 0.167 s per image
         on a GTX 1060

Numbers that the document's text leaves out (learning rate, epochs, augmentation) are from its code. What differs: mAP
does not depend on the order of files; validation is not augmented; the letterbox mirrors where the code wraps around.
"""

_base_ = "_base_/hualu_cup.py"
