"""The columns of a table as one feature. Shapes: N batch, D numbers of a row, E width of the embeddings, C channels."""

from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.registry import MODELS


@MODELS.register_module()
class TabularEncoder(nn.Module):
    """Turn the numbers of ``EncodeTable`` into a feature: embed each value, add, and mix by a hidden layer.

    ::

        table (N, D) -> embedding (N, E) -> layer normalisation, ReLU, dropout -> linear (N, C)

    The embedding is a linear layer without bias: a category is a one among zeros, so that its column is the embedding
    of that value, and a missing cell adds nothing. The feature of a row of which nothing is known is 0.

    Args:
        in_channels: D, which ``tools/table.py`` prints.
        out_channels: C.
        embed_dims: E.
        dropout: Dropout probability of the embedded row.
    """

    input_keys = ("table",)

    def __init__(self, in_channels: int, out_channels: int = 64, embed_dims: int = 128, dropout: float = 0.2) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.embedding = nn.Linear(in_channels, embed_dims, bias=False)
        self.mix = nn.Sequential(
            nn.LayerNorm(embed_dims), nn.ReLU(), nn.Dropout(dropout), nn.Linear(embed_dims, out_channels)
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
        known = (table != 0).any(dim=1, keepdim=True)
        return self.mix(self.embedding(table)) * known.to(table.dtype)
