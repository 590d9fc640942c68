"""The embedding that a cosine classifier compares with its classes. Shapes: N batch, C channels, W width."""

from torch import Tensor, nn

from kdxf.errors import UserError


class Embedding(nn.Module):
    """Bring a feature to a width and give each of its channels the mean 0: linear layer, batch norm without a bias.

    The BNNeck of https://arxiv.org/abs/1903.07071. Parts of a fused feature come in different scales, and after a ReLU
    all of them point into one corner, where every cosine is close to 1. Batch norm moves that corner to the origin; a
    bias would let it move away again, so there is none.

    Args:
        in_channels: C.
        out_channels: W; None keeps the feature's width and leaves the linear layer out.
    """

    def __init__(self, in_channels: int, out_channels: int | None = None) -> None:
        super().__init__()
        self.out_channels = in_channels if out_channels is None else out_channels
        self.fc = nn.Identity() if out_channels is None else nn.Linear(in_channels, out_channels, bias=False)
        self.norm = nn.BatchNorm1d(self.out_channels)
        self.norm.register_parameter("bias", None)

    def forward(self, feature: Tensor) -> Tensor:
        """Embed: (N, C) -> (N, W).

        Raises:
            UserError: If a batch to train on holds a single sample, which has no spread to be normalised by.
        """
        if self.training and len(feature) == 1:
            raise UserError(
                "the head's batch norm cannot train on a batch of one: raise train_dataloader.batch_size, "
                "or set train_dataloader.drop_last=True"
            )
        return self.norm(self.fc(feature))
