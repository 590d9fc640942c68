"""The model in a folder that ``kdxf fit`` wrote, for prediction from Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kdxf.errors import UserError
from kdxf.inference.inferencer import KDXFInferencer
from kdxf_runtime.predictions import Prediction

CONFIG, CHECKPOINT = "config.py", "model.pth"


def files_of_model(folder: str | Path) -> tuple[Path, Path]:
    """Return the config and the checkpoint of a folder.

    Raises:
        UserError: One of them is missing.
    """
    paths = Path(folder, CONFIG), Path(folder, CHECKPOINT)
    if missing := [path.name for path in paths if not path.is_file()]:
        raise UserError(
            f"{folder}: has no {' and no '.join(missing)}; give the --out of a finished 'kdxf fit', or use 'kdxf "
            "inference CONFIG CHECKPOINT' for another model"
        )
    return paths


class FittedModel:
    """A model that is loaded once and predicts many times.

    Args:
        folder: The ``out`` of :func:`kdxf.apis.fit.fit`.
        **options: Of :class:`~kdxf.inference.inferencer.KDXFInferencer`, such as ``device``.

    Attributes:
        classes: The class names, in the order of the scores.
    """

    def __init__(self, folder: str | Path, **options: Any) -> None:
        config, checkpoint = files_of_model(folder)
        self._inferencer = KDXFInferencer(str(config), str(checkpoint), **options)
        self.classes = self._inferencer.classes

    @property
    def drift(self) -> str | None:
        """In what the pictures of the last call differ from those of the validation, in a sentence, or None."""
        return self._inferencer.drift

    def predict(self, inputs: Sequence[str | Path], **options: Any) -> list[Prediction]:
        """Predict pictures and the pictures in folders, whose text is read now.

        Args:
            inputs: Paths.
            **options: ``batch_size``, ``workers``, ``ocr_table`` and the others of a call of
                :class:`~kdxf.inference.inferencer.KDXFInferencer`.

        Returns:
            One prediction for each picture, in order. One that cannot be read has ``error``. Pictures that differ from
            those of the validation are warned of, see :attr:`drift`.
        """
        return self._inferencer(inputs, **options)


def load(folder: str | Path, **options: Any) -> FittedModel:
    """Load the model of a folder that ``kdxf fit`` wrote; see :class:`FittedModel`."""
    return FittedModel(folder, **options)
