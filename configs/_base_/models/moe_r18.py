"""ResNet-18 from scratch, a small word2vec text encoder and a mixture-of-experts head.

The experiment sets model.head.num_classes and model.text_encoder.in_channels.
"""

num_experts = 4
image_channels = 512
text_channels = 256

model = dict(
    type="ImageTextClassifier",
    image_backbone=dict(type="ResNet", depth=18, num_stages=4, out_indices=(3,), style="pytorch"),
    image_neck=dict(type="GlobalAveragePooling"),
    text_encoder=dict(
        type="Word2VecEncoder",
        hidden_channels=256,
        out_channels=text_channels,
        pooling="attention",
        dropout=0.3,
    ),
    fusion=dict(type="ConcatFusion"),
    head=dict(
        type="MoEClsHead",
        in_channels=image_channels + text_channels,
        hidden_channels=512,
        num_experts=num_experts,
        se_reduction=2,
        dropout=0.3,
        loss=dict(type="LabelSmoothFocalLoss", label_smooth_val=0.1, gamma=0.0),
        topk=(1, 5),
    ),
    channels_last=True,
)
