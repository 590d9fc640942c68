"""Where predictions come from, as files of them note it."""

from pathlib import Path
from typing import Any

from mmengine.config import Config

from kdxf.engine.config import config_digest
from kdxf.io.digests import file_digest


def prediction_source(cfg: Config, checkpoint: str | Path, tta: bool) -> dict[str, Any]:
    """Give the config and the checkpoint, each with its fingerprint; a checkpoint that is no local file has none.

    Args:
        cfg: The config as it was loaded.
        checkpoint: Path or URL.
        tta: Whether views are averaged.
    """
    digest = {"checkpoint_digest": file_digest(checkpoint)} if Path(checkpoint).is_file() else {}
    source = {"config": str(cfg.filename), "config_digest": config_digest(cfg)}
    return {**source, "checkpoint": str(checkpoint), **digest, "tta": tta}
