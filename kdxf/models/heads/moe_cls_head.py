"""Mixture-of-experts classification head. Shapes: N batch, C channels, H hidden, E experts, K classes."""

from typing import Any

from mmpretrain.models.heads import ClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from kdxf.models.heads.mixture_of_experts import Experts, Router, SqueezeExcitation, mix
from kdxf.registry import MODELS


@MODELS.register_module()
class MoEClsHead(ClsHead):
    r"""Mixture of experts with a dummy expert.

    ``feature -> hidden layer -> (squeeze-and-excitation) -> experts and router``, and

    .. math:: \text{logits} = \sum_{e=1}^{E} g_e \, z_e, \qquad \sum_{e=1}^{E+1} g_e = 1

    where :math:`z_e` are the logits of expert e and the gate :math:`g_{E+1}` belongs to a dummy expert that votes for
    nothing, as in the mixture of experts of https://arxiv.org/abs/1609.08675. The experts differ from the start
    because of their random weights, and the gates start near 1 / (E + 1).

    The hidden layer consists of a linear layer, layer normalisation (the parts of a joined feature have different
    scales, and a batch may hold a single sample), leaky ReLU and dropout.

    Args:
        num_classes: K.
        in_channels: Width C of the incoming feature.
        hidden_channels: Width H of the hidden layer.
        num_experts: E, without the dummy.
        se_reduction: Reduction of the squeeze-and-excitation gate on the hidden feature; None: no such gate.
        gate_per_class: Use separate gates for every class.
        dropout: Dropout probability after the hidden layer.
        init_cfg: Initialization, as everywhere in MMEngine.
        **kwargs: ``loss``, ``topk`` and ``cal_acc`` of MMPretrain's ``ClsHead``.

    Raises:
        ValueError: A count is not positive, or ``se_reduction`` leaves no channel.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        hidden_channels: int = 1024,
        num_experts: int = 4,
        se_reduction: int | None = None,
        gate_per_class: bool = False,
        dropout: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        counts = {
            "num_classes": num_classes,
            "in_channels": in_channels,
            "hidden_channels": hidden_channels,
            "num_experts": num_experts,
        }
        for name, count in counts.items():
            if count < 1:
                raise ValueError(f"{name} must be at least 1, got {count}")
        if se_reduction is not None and not 1 <= se_reduction <= hidden_channels:
            raise ValueError(f"se_reduction must be in 1..hidden_channels ({hidden_channels}), got {se_reduction}")
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.hidden = nn.Sequential(
            nn.Linear(in_channels, hidden_channels),
            nn.LayerNorm(hidden_channels),
            nn.LeakyReLU(inplace=True),
            nn.Dropout(dropout),
        )
        self.se = nn.Identity() if se_reduction is None else SqueezeExcitation(hidden_channels, se_reduction)
        self.experts = Experts(hidden_channels, num_experts, num_classes)
        self.router = Router(hidden_channels, num_experts, num_classes if gate_per_class else None)

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Return the feature that experts and router see.

        Args:
            feats: Only the last item (N, C) is used.

        Returns:
            (N, H).
        """
        return self.se(self.hidden(feats[-1]))

    def gates(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Return the gates of a batch, for logs and plots; the dummy expert's come last.

        Args:
            feats: Only the last item (N, C) is used.

        Returns:
            (N, E + 1), or (N, E + 1, K) with ``gate_per_class``; they sum to 1 over dimension 1.
        """
        return self.router(self.pre_logits(feats))

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Return the logits: the last item (N, C) of ``feats`` -> (N, K)."""
        return self._logits_and_gates(feats)[0]

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample], **kwargs: Any) -> dict[str, Tensor]:
        """Compute the loss, and the mean gate of the dummy expert for the log (``dummy_gate``).

        Args:
            feats: Only the last item (N, C) is used.
            data_samples: N samples with ``gt_label`` or ``gt_score``.
            **kwargs: Passed to the loss module.
        """
        logits, gates = self._logits_and_gates(feats)
        losses = self._get_loss(logits, data_samples, **kwargs)
        return {**losses, "dummy_gate": gates[:, -1].detach().mean()}

    def _logits_and_gates(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        hidden = self.pre_logits(feats)
        gates = self.router(hidden)
        return mix(gates, self.experts(hidden)), gates
