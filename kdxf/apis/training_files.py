"""What the files say that a training reads, so that a result is known to be of other ones."""

from mmengine.config import Config

from kdxf.apis.stages import plan_stages
from kdxf.config_files import config_contents

_NAMING = ("train_dataloader", "val_dataloader", "model", "load_from", "custom_hooks")


def training_files(cfg: Config) -> dict[str, str]:
    """Give the fingerprints of the files that a config names for training and validation, in all its stages.

    Returns:
        The keys that lead to the files, such as ``ann_file``, and a fingerprint of each
        (:func:`kdxf.config_files.config_contents`).

    Raises:
        UserError: A list or an OCR table cannot be read, or the stages cannot be planned.
    """
    stages = [stage.cfg for stage in plan_stages(cfg)] if cfg.get("stages") else [cfg]
    return config_contents({str(index): {name: cfg.get(name) for name in _NAMING} for index, cfg in enumerate(stages)})
