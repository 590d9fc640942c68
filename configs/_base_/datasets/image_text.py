"""What datasets of images and OCR text share, whatever their size: loaders, packing, normalisation, metric.

A dataset's own file (demo.py, grocery.py, kdxf.py) names its settings, and below them whatever uses them: mmengine
evaluates this base first, so it cannot use them.
"""

# Sometimes changed.
ocr_engine = dict(type="RapidOCREngine")  # reads new images, as tools/ocr.py read those of the OCR table

# Hardly ever changed.
pack = [dict(type="PackImageTextInputs")]
drop = [dict(type="DropModality", image_prob=0.1, text_prob=0.1)]  # for training pipelines that want it

data_preprocessor = dict(
    type="ImageTextDataPreprocessor",
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)
train_dataloader = dict(
    sampler=dict(type="DefaultSampler", shuffle=True),
    drop_last=True,
    collate_fn=dict(type="pad_collate"),
    dataset=dict(type="OCRTextDataset", ann_file="train.csv", ocr_file="ocr", classes="classes.txt"),
)
val_dataloader = dict(
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="pad_collate"),
    dataset=dict(type="OCRTextDataset", ann_file="val.csv", ocr_file="ocr", classes="classes.txt", test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = dict(type="Accuracy", topk=(1, 5))
test_evaluator = val_evaluator
tta_model = dict(type="BatchedClsScoreTTA")  # tools/test.py --tta, tools/inference.py --tta
