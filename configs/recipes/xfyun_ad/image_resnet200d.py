"""ResNet-200-D at 384 px, one of the document's five image models.

Trains   resnet200d (ImageNet weights);
         mixup 0.4, label smoothing 0.1, dropout 0.3, AdamW at 1e-3 in one cycle of 30 epochs, 64 images a step,
         clipping at 10, mean of the last epochs' weights; all labelled images (fold -1). _base_/image.py has the
         augmentations
Data     data/xfyun_ad, by the commands in _base_/data.py; timm downloads the weights
Train    python tools/train.py configs/recipes/xfyun_ad/image_resnet200d.py --amp
Test     python tools/test.py configs/recipes/xfyun_ad/image_resnet200d.py \\
             work_dirs/recipes/xfyun_ad/image_resnet200d/swa.pth --tta
Result   not measured: the contest's data are not public. The document scores no single model; it estimates
         0.907 to 0.909 on the board of the semi-final for all together (pipeline.py). 46 hours on 2 x TITAN RTX.
"""

_base_ = "_base_/image.py"

model = dict(image_backbone=dict(model_name="resnet200d"), head=dict(in_channels=2048))
