"""Which way up a photograph of groceries lies, by a frozen ImageNet model: for pictures without text.

Trains   image_lite2_frozen.py on four turned copies of each photograph; the classes are the degrees by which a copy has
         to be turned clockwise to stand upright. Labels need no hand: the photographs count as upright
Data     as moe_r18.py, and for train.csv and val.csv
         python tools/data/turn.py data/grocery/train.csv --root data/grocery/images
             --out data/grocery_turned/images --out-list data/grocery_turned/train.csv
Features python tools/features.py configs/grocery/image_lite2_orientation.py
Train    python tools/train.py configs/grocery/image_lite2_orientation.py
Test     python tools/test.py configs/grocery/image_lite2_orientation.py
             work_dirs/grocery/image_lite2_orientation/epoch_20.pth
Result   val, each in a direction drawn with seed 0, trained on the copies of every fourth photograph of train alone:
         top-1 57.4 (+-2.9; chance is 25), packages 71, on two busy Xeon cores. Not measured: all of train, time.
         It pays little; training the classifier itself on turned copies pays more: docs/text.md
"""

_base_ = "image_lite2_frozen.py"

from kdxf.engine.config_parts import stored_image

num_classes = 4
_, image = stored_image("work_dirs/features/grocery_turned", "lite2", _base_.image_size, views=0)

data_preprocessor = dict(num_classes=num_classes)
model = dict(head=dict(num_classes=num_classes))
dataset = dict(data_root="data/grocery_turned/", ocr_file=None, pipeline=[*image, *_base_.pack])
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
val_evaluator = [dict(type="Accuracy", topk=(1,))]
test_evaluator = val_evaluator
