"""The place of a backbone whose features are stored. Shapes: N batch, C channels."""

from mmengine.model import BaseModule
from torch import Tensor

from kdxf.errors import UserError
from kdxf.registry import MODELS


@MODELS.register_module()
class StoredFeatures(BaseModule):
    """Hand on the features that ``LoadFeature`` put in the place of the image.

    Args:
        out_channels: C, the width of the frozen backbone's feature.
    """

    def __init__(self, out_channels: int) -> None:
        super().__init__()
        self.out_channels = out_channels

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Return features (N, C, 1, 1) as a map of one pixel, which ``GlobalAveragePooling`` pools.

        Raises:
            UserError: ``x`` is no such feature, but an image or a feature of another width.
        """
        if x.shape[1:] != (self.out_channels, 1, 1):
            raise UserError(
                f"StoredFeatures: out_channels is {self.out_channels}, but the pipeline gives {tuple(x.shape[1:])}; "
                "load LoadFeature's features of this width in place of the image"
            )
        return (x,)
