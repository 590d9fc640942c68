"""ResNet-101, a word2vec text encoder and a mixture-of-experts head: the document's model.

The experiment sets the number of classes: model.head.num_classes.
"""

# Often changed.
num_experts = 4
# A URL, a local file, or None to start from scratch.
pretrained = "torchvision://resnet101"

# Sometimes changed.
image_channels = 2048
vector_channels = 200
text_channels = 1024
label_smooth_val = 0.1
focal_gamma = 2.0

model = dict(
    type="ImageTextClassifier",
    image_backbone=dict(
        type="ResNet",
        depth=101,
        num_stages=4,
        out_indices=(3,),
        style="pytorch",
        init_cfg=dict(type="Pretrained", checkpoint=pretrained),
    ),
    image_neck=dict(type="GlobalAveragePooling"),
    text_encoder=dict(
        type="Word2VecEncoder",
        in_channels=vector_channels,
        hidden_channels=512,
        out_channels=text_channels,
        pooling="mean",
        dropout=0.3,
    ),
    fusion=dict(type="ConcatFusion"),
    head=dict(
        type="MoEClsHead",
        in_channels=image_channels + text_channels,
        hidden_channels=1024,
        num_experts=num_experts,
        se_reduction=2,
        loss=dict(type="LabelSmoothFocalLoss", label_smooth_val=label_smooth_val, gamma=focal_gamma),
        topk=(1, 5),
    ),
    channels_last=True,
)
