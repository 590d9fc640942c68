"""The blocks of a mixture of experts. Shapes: N batch, C channels, E experts, K classes."""

import torch
from torch import Tensor, nn


class SqueezeExcitation(nn.Module):
    """Scale every channel by a gate between 0 and 1 that depends on all channels.

    Squeeze-and-excitation (https://arxiv.org/abs/1709.01507) of a pooled feature.

    Args:
        channels: C.
        reduction: The gate's hidden width is C // reduction.
    """

    def __init__(self, channels: int, reduction: int = 2) -> None:
        super().__init__()
        hidden = channels // reduction
        self.gate = nn.Sequential(
            nn.Linear(channels, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, channels), nn.Sigmoid()
        )

    def forward(self, feature: Tensor) -> Tensor:
        """Scale the feature: (N, C) -> (N, C)."""
        return feature * self.gate(feature)


class Experts(nn.Module):
    """E linear classifiers in one matrix product.

    Args:
        channels: C.
        num_experts: E.
        num_classes: K.
    """

    def __init__(self, channels: int, num_experts: int, num_classes: int) -> None:
        super().__init__()
        self.num_experts = num_experts
        self.num_classes = num_classes
        self.fc = _small_linear(channels, num_experts * num_classes)

    def forward(self, feature: Tensor) -> Tensor:
        """Return every expert's logits: (N, C) -> (N, E, K)."""
        return self.fc(feature).view(-1, self.num_experts, self.num_classes)


class Router(nn.Module):
    """Softmax gates over E experts and a dummy expert, which comes last.

    The dummy votes for nothing: its share is missing from the sum of the experts, so that the router can distrust all
    of them.

    Args:
        channels: C.
        num_experts: E, without the dummy.
        num_classes: K for separate gates for every class, None for gates that all classes share.
    """

    def __init__(self, channels: int, num_experts: int, num_classes: int | None = None) -> None:
        super().__init__()
        self.num_gates = num_experts + 1
        self.num_classes = num_classes
        self.fc = _small_linear(channels, self.num_gates * (num_classes or 1))

    def forward(self, feature: Tensor) -> Tensor:
        """Return the gates in float32, which sum to 1 over dimension 1.

        Args:
            feature: (N, C).

        Returns:
            (N, E + 1), or (N, E + 1, K) with gates per class.
        """
        scores = self.fc(feature)
        if self.num_classes is not None:
            scores = scores.view(-1, self.num_gates, self.num_classes)  # (N, E + 1, K)
        return torch.softmax(scores, dim=1, dtype=torch.float32)


def mix(gates: Tensor, expert_logits: Tensor) -> Tensor:
    """Sum the experts' logits, each times its gate.

    Args:
        gates: (N, E + 1) or (N, E + 1, K); the last gate, the dummy's, adds nothing.
        expert_logits: (N, E, K).

    Returns:
        Logits (N, K).
    """
    if gates.dim() == 2:
        gates = gates.unsqueeze(-1)  # (N, E + 1, 1)
    return (gates[:, :-1] * expert_logits).sum(dim=1)


def _small_linear(in_channels: int, out_channels: int) -> nn.Linear:
    """Make a linear layer whose outputs start close to 0, as MMPretrain does for its classifiers."""
    layer = nn.Linear(in_channels, out_channels)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    return layer
