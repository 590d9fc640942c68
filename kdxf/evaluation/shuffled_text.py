"""A test list whose images have each other's texts, to see what a model makes of a text that does not belong."""

from mmengine.config import Config

from kdxf.engine.config import type_name
from kdxf.errors import UserError
from kdxf.inference.pipeline import dataset_config

SEED = 0


def shuffle_text(cfg: Config) -> None:
    """Make a config give each image of its test list the text of another one, the same in every run.

    Args:
        cfg: Changed in place: ``shuffle_texts`` of the test dataset.

    Raises:
        UserError: The test dataset is no ``OCRTextDataset``.
    """
    dataset = dataset_config(cfg)
    if type_name(dataset) != "OCRTextDataset":
        raise UserError(
            f"--shuffle text: the test dataset of {cfg.filename} is {type_name(dataset)}, which has no texts; it needs "
            "OCRTextDataset"
        )
    dataset.shuffle_texts = SEED
