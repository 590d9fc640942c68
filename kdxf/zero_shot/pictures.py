"""How a pretrained pair wants its pictures, as steps of a pipeline."""

from pathlib import Path
from typing import Any

from kdxf.errors import UserError
from kdxf.text.hugging_face import local_folder, read_json

_FILE = "preprocessor_config.json"


def picture_steps(folder: str | Path, option: str) -> list[dict[str, Any]]:
    """Return the steps that load a picture and bring it to the size that a pair was trained with.

    Of ``shortest_edge`` and a crop they keep the shape and take the centre, of ``height`` and ``width`` they squeeze.
    Mean and standard deviation are left to :class:`~kdxf.datasets.feature_store.FrozenEncoder`.

    Args:
        folder: The folder of the pair.
        option: The option's name for messages.

    Raises:
        UserError: The folder does not say the size.
    """
    folder = local_folder(folder, option)
    if not (folder / _FILE).is_file():
        raise UserError(f"{option} {folder} has no {_FILE}, which says how it wants its pictures; download it as well")
    found = read_json(folder / _FILE)
    size, crop = found.get("size"), found.get("crop_size")
    if isinstance(size, int):  # as older files have it
        size = {"shortest_edge": size} if found.get("do_center_crop") else {"height": size, "width": size}
    match size:
        case {"shortest_edge": int(edge)}:
            cut = edge if crop is None else crop if isinstance(crop, int) else (crop["width"], crop["height"])
            return [
                {"type": "LoadImage", "min_edge": edge},
                {"type": "ResizeEdge", "scale": edge, "edge": "short", "interpolation": "area"},
                {"type": "CenterCrop", "crop_size": cut},
            ]
        case {"height": int(height), "width": int(width)}:
            return [
                {"type": "LoadImage", "min_edge": max(height, width)},
                {"type": "Resize", "scale": (width, height), "interpolation": "area"},
            ]
    raise UserError(f"{folder / _FILE}: says no size of pictures that kdxf knows (size is {size!r}); download it again")
