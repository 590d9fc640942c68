"""cross_entropy.py with a branch for the 43 coarse classes, and scores that agree with the class tree.

Train    python tools/train.py configs/grocery/craft/hierarchical.py
Result   in docs/training.md, with the others of this folder
"""

_base_ = "cross_entropy.py"

# python tools/data/class_tree.py data/grocery/train.csv --out data/grocery/class_tree.csv
class_tree = "data/grocery/class_tree.csv"
head = dict(type="HierarchicalClsHead", fine=_base_.model["head"], class_tree=class_tree, agree_with_tree=True)
model = dict(head=dict(_delete_=True, **head))
val_evaluator = [*_base_.val_evaluator, dict(type="HierarchicalAccuracy", class_tree=class_tree)]
test_evaluator = val_evaluator
