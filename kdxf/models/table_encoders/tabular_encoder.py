"""The columns of a table as one feature. Shapes: N batch, D numbers of a row, C channels."""

from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.registry import MODELS


@MODELS.register_module()
class TabularEncoder(nn.Module):
    """Hand the numbers of ``EncodeTable`` on as a feature, or embed them.

    As they are (C = D), the first linear layer of head or fusion embeds them: a category is a one among zeros, so that
    a column of that layer is the embedding of a value, and a missing cell adds nothing. With ``embed_dims`` a network
    of its own mixes the columns before that::

        table (N, D) -> linear without bias (N, C) -> layer normalisation, ReLU, dropout -> linear (N, C)

    It can learn that a price means something else in another shop. It is no default, as it was not better on grocery
    than the numbers as they are (docs/own-data.md). Either way the feature of a row of which nothing is known is 0.

    Args:
        in_channels: D, which ``tools/table.py`` prints.
        embed_dims: C of the embedding; None hands the numbers on.
        dropout: Dropout probability of the embedded row.

    Attributes:
        out_channels: C.
    """

    input_keys = ("table",)

    def __init__(self, in_channels: int, embed_dims: int | None = None, dropout: float = 0.2) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = embed_dims or in_channels
        self.network: nn.Module | None = None
        if embed_dims is not None:
            self.network = nn.Sequential(
                nn.Linear(in_channels, embed_dims, bias=False),
                nn.LayerNorm(embed_dims),
                nn.ReLU(),
                nn.Dropout(dropout),
                nn.Linear(embed_dims, embed_dims),
            )

    def forward(self, table: Tensor) -> Tensor:
        """Encode rows (N, D) as (N, C).

        Raises:
            UserError: The rows have another number of channels.
        """
        if table.size(1) != self.in_channels:
            raise UserError(
                f"the table has {table.size(1)} numbers, but table_encoder.in_channels is {self.in_channels}: set it "
                f"to {table.size(1)}"
            )
        if self.network is None:
            return table
        known = (table != 0).any(dim=1, keepdim=True)
        return self.network(table) * known.to(table.dtype)
