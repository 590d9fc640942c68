r"""Version 3 with a second branch for level 3 of the class tree, which the document proposes as its next step.

Trains   as image_res2net50_v3.py, plus a linear branch for the more than 100 classes of level 3, next to that of
         level 4; the loss is that of level 4 plus 0.6 times that of level 3. (The document leaves the design open;
         its code has 0.6 in validation and 1 in training.)
Data     as image_res2net50_v3.py, and class_tree.csv: python tools/data/class_tree.py data/aliproducts/train.csv \
             --out data/aliproducts/class_tree.csv
Train    python tools/train.py configs/recipes/aliproducts/image_res2net50_hierarchical.py
Test     python tools/test.py configs/recipes/aliproducts/image_res2net50_hierarchical.py \
             work_dirs/recipes/aliproducts/image_res2net50_hierarchical/3_all-classes/best_*.pth
Result   not measured; the document has none
"""

_base_ = "image_res2net50_v3.py"

tree = dict(class_tree="data/aliproducts/class_tree.csv", classes="data/aliproducts/classes.txt")  # for all rounds
model = dict(
    head=dict(
        _delete_=True,
        type="HierarchicalClsHead",
        fine=_base_.model.head,
        levels=dict(coarse=0.6),
        branches=dict(coarse=dict(type="LinearClsHead", loss=_base_.model.head.loss)),
        **tree,
    )
)
val_evaluator = [*_base_.val_evaluator, dict(type="HierarchicalAccuracy", **tree)]
test_evaluator = val_evaluator

# The first two rounds have fewer classes.
fewer = dict(
    model=dict(head=dict(fine=dict(num_classes=30265), classes="data/aliproducts/20_500/classes.txt")),
    val_evaluator=[
        *_base_.val_evaluator,
        dict(type="HierarchicalAccuracy", **dict(tree, classes="data/aliproducts/20_500/classes.txt")),
    ],
)
stages = [dict(_base_.stages[0], **fewer), dict(_base_.stages[1], **fewer), _base_.stages[2]]
