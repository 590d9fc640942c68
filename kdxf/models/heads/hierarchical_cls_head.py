"""Classification on several levels of a class tree. Shapes: N batch, C channels, K classes, K_l classes of a level."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.model import BaseModule, ModuleList
from mmpretrain.models.heads import ClsHead
from mmpretrain.structures import DataSample
from torch import Tensor

from kdxf.errors import UserError
from kdxf.io.class_tree import COARSE, read_class_tree
from kdxf.registry import MODELS


@MODELS.register_module()
class HierarchicalClsHead(BaseModule):
    r"""A head for the classes, and a branch on the same feature for each coarser level.

    The loss is :math:`L_\text{fine} + \sum_l w_l L_l`; the coarse targets follow from the fine ones through the tree,
    soft and mixed ones as well. It is logged as ``loss`` and ``<level>_loss``. A prediction has ``pred_score`` (K,) and
    ``pred_label`` as always, and ``pred_score_<level>`` (K_l,) and ``pred_label_<level>``.

    With ``agree_with_tree`` predictions agree with the tree. The score of a class is its own probability times those
    of its parents, renormalised:

    .. math:: p_k \propto p^\text{fine}_k \prod_l p^l_{\text{parent}_l(k)}

    The score of a coarse class is then the sum over its classes, and the coarse label is the parent of the predicted
    class.

    Args:
        fine: Config of the head for the K classes: MoE, linear, ArcFace, anything with a softmax.
        class_tree: CSV as of :mod:`kdxf.io.class_tree`. Prediction needs it too.
        classes: The class names in index order, or the file that lists them; by default ``classes.txt`` in the folder
            of ``class_tree``.
        levels: Mapping from level to the factor :math:`w_l` of its loss. ``coarse`` with 0.5 by default.
        branches: Mapping from level to the config of its branch, by default a linear classifier; ``num_classes`` and
            ``in_channels`` are filled in if they are missing.
        agree_with_tree: Whether predictions agree with the tree. The losses do not depend on it.
        init_cfg: Initialization, as everywhere in MMEngine.

    Raises:
        UserError: The tree cannot be read or lacks a level, a branch has no level, a head has no softmax, or the
            tree and a head differ in the number of classes.
    """

    parents: Tensor

    def __init__(
        self,
        fine: dict[str, Any],
        class_tree: str | Path,
        classes: str | Path | Sequence[str] | None = None,
        levels: Mapping[str, float] | None = None,
        branches: Mapping[str, dict[str, Any]] | None = None,
        agree_with_tree: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        tree = read_class_tree(class_tree, classes)
        self.loss_factors = dict(levels or {COARSE: 0.5})
        branches = dict(branches or {})
        if strangers := set(branches) - set(self.loss_factors):
            raise UserError(f"HierarchicalClsHead: the branch {min(strangers)!r} has no factor in levels")
        self.agree_with_tree = agree_with_tree
        self.fine = _build(fine, "fine", len(tree.classes))
        self.branches = ModuleList()
        for name in self.loss_factors:
            default = {"type": "LinearClsHead", "in_channels": getattr(self.fine, "in_channels", None)}
            branch = {**default, **branches.get(name, {})}
            self.branches.append(_build(branch, f"branches.{name}", len(tree.level(name).classes)))
        parents = [torch.from_numpy(tree.level(name).parents) for name in self.loss_factors]
        self.register_buffer("parents", torch.stack(parents), persistent=False)

    @property
    def num_classes(self) -> int:
        """Number of classes, K."""
        return self.fine.num_classes

    @property
    def cal_acc(self) -> bool:
        """Whether the head of any level counts hits in training, which takes one label per image."""
        return any(head.cal_acc for head in (self.fine, *self.branches))

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Return the input (N, H) of the last layer of the head for the K classes; H is that layer's width."""
        return self.fine.pre_logits(feats)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Return the logits (N, K) for the last item (N, C) of ``feats``; their softmax is the prediction."""
        return self._logits(feats)[0]

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample], **kwargs: Any) -> dict[str, Tensor]:
        """Compute the losses of all levels.

        Args:
            feats: Only the last item (N, C) is used.
            data_samples: N samples with ``gt_label`` or ``gt_score``.
            **kwargs: Passed to every loss module, such as ``weight`` (N,).
        """
        losses = self.fine.loss(feats, data_samples, **kwargs)
        for name, branch, parents in self._levels():
            of_branch = branch.loss(feats, _coarse_samples(data_samples, parents, branch.num_classes), **kwargs)
            for key, value in of_branch.items():
                losses[f"{name}_{key}"] = self.loss_factors[name] * value if "loss" in key else value
        return losses

    def predict(self, feats: tuple[Tensor, ...], data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Predict the class and the coarse class on each level.

        Args:
            feats: Only the last item (N, C) is used.
            data_samples: N samples to fill in; None creates new ones.
        """
        logits, coarse_logits = self._logits(feats)
        samples = self.fine._get_predictions(logits, data_samples)
        for (name, branch, parents), of_level in zip(self._levels(), coarse_logits, strict=True):
            if self.agree_with_tree:
                scores = _sum_by_parent(logits.softmax(dim=1), parents, branch.num_classes)
            else:
                scores = of_level.softmax(dim=1)
            for sample, score in zip(samples, scores, strict=True):
                sample.set_field(score, f"pred_score_{name}")
        for sample in samples:
            self._label_levels(sample)
        return samples

    def merge_views(self, merged: DataSample, views: list[DataSample]) -> None:
        """Complete ``merged``, which has the views' mean ``pred_score``: mean scores and labels of each level."""
        for name in self.loss_factors:
            scores = torch.stack([view.get(f"pred_score_{name}") for view in views])
            merged.set_field(scores.mean(dim=0), f"pred_score_{name}")
        self._label_levels(merged)

    def class_counts(self, counts: Tensor) -> list[tuple[ClsHead, Tensor]]:
        """Return each level's head with the sample counts (K_l,) of its classes, given those of the K classes (K,)."""
        coarse = [
            (branch, counts.new_zeros(branch.num_classes).index_add(0, parents.to(counts.device), counts))
            for _, branch, parents in self._levels()
        ]
        return [(self.fine, counts), *coarse]

    def _levels(self) -> Iterator[tuple[str, ClsHead, Tensor]]:
        """Iterate over the name, the branch and the parents (K,) of each level."""
        return zip(self.loss_factors, self.branches, self.parents, strict=True)

    def _logits(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
        """Return the predicted logits (N, K), and those of each branch (N, K_l)."""
        logits = self.fine(feats)
        coarse_logits = [branch(feats) for branch in self.branches]
        if self.agree_with_tree:
            for (_, _, parents), of_level in zip(self._levels(), coarse_logits, strict=True):
                logits = logits + of_level.log_softmax(dim=1)[:, parents]
        return logits, coarse_logits

    def _label_levels(self, sample: DataSample) -> None:
        for name, _, parents in self._levels():
            if self.agree_with_tree:
                label = parents[sample.pred_label]
            else:
                label = sample.get(f"pred_score_{name}").argmax(dim=0, keepdim=True)
            sample.set_field(label, f"pred_label_{name}")


def _build(config: dict[str, Any], option: str, num_classes: int) -> ClsHead:
    head = MODELS.build({"num_classes": num_classes, **config})
    if not isinstance(head, ClsHead) or type(head)._get_predictions is not ClsHead._get_predictions:
        raise UserError(f"HierarchicalClsHead: {option} is {type(head).__name__}; take a head with a softmax")
    if head.num_classes != num_classes:
        raise UserError(
            f"HierarchicalClsHead: {option} has num_classes={head.num_classes}, but the class tree has {num_classes}; "
            "leave num_classes out, or give the class list of this model as classes"
        )
    return head


def _sum_by_parent(scores: Tensor, parents: Tensor, num_coarse: int) -> Tensor:
    """Sum the scores (N, K) of classes with the same parent: (N, num_coarse)."""
    return scores.new_zeros(len(scores), num_coarse).index_add(1, parents, scores)


def _coarse_samples(samples: list[DataSample], parents: Tensor, num_coarse: int) -> list[DataSample]:
    """Return N samples with the targets of a coarser level."""
    if "gt_score" in samples[0]:
        scores = torch.stack([sample.gt_score for sample in samples]).float()
        return [DataSample().set_gt_score(score) for score in _sum_by_parent(scores, parents, num_coarse)]
    return [DataSample().set_gt_label(parents[sample.gt_label]) for sample in samples]
