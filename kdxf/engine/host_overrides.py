"""What kdxf changes in mmengine for the whole process: safe checkpoint loaders, and files written whole.

mmengine hands every file it writes, checkpoints first of all, to the storage backend named ``local``, which writes in
place: a run that is killed while it saves leaves a torn checkpoint behind, possibly its only one.

mmengine picks a loader by the start of a checkpoint's name and calls it ``load_from_<scheme>``; whatever reads
checkpoints in mmengine, mmcv and MMPretrain goes through that table.
"""

import io
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, get_rank
from mmengine.fileio import LocalBackend, get_file_backend, register_backend
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as host

from kdxf.engine.checkpoint import load_checkpoint, load_pickled
from kdxf.errors import UserError
from kdxf.io.files import write_whole


class AtomicLocalBackend(LocalBackend):
    """The local disk, where a file appears under its name when it is complete."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes to a file, whose folder is made when it is missing."""
        write_whole(obj, Path(filepath))


register_backend("local", AtomicLocalBackend, force=True, prefixes="")


@CheckpointLoader.register_scheme(prefixes="", force=True)
def load_from_local(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load a local file."""
    return load_checkpoint(filename, map_location)


@CheckpointLoader.register_scheme(prefixes=["http://", "https://"], force=True)
def load_from_http(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load a file from the web, kept in torch's hub folder (``$TORCH_HOME``); rank 0 downloads it.

    Raises:
        UserError: It cannot be fetched.
    """
    cached = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(filename).path).name)
    if get_rank() == 0 and not cached.is_file():
        cached.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(filename, str(cached))
        except OSError as error:
            raise UserError(
                f"checkpoint {filename} cannot be fetched ({error}); fetch it elsewhere and put it at {cached}, "
                "or give a local path"
            ) from error
    barrier()
    return load_checkpoint(cached, map_location)


@CheckpointLoader.register_scheme(prefixes=["modelzoo://", "torchvision://"], force=True)
def load_from_torchvision(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load one of torchvision's weights by name, such as ``torchvision://resnet50``."""
    return load_from_http(_look_up(filename, host.get_torchvision_models()), map_location)


@CheckpointLoader.register_scheme(prefixes=["open-mmlab://", "openmmlab://"], force=True)
def load_from_openmmlab(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load one of OpenMMLab's weights by name."""
    renamed = host.get_deprecated_model_names()
    name = filename.partition("://")[2]
    url = _look_up(f"open-mmlab://{renamed.get(name, name)}", host.get_external_models())
    if url.startswith(("http://", "https://")):
        return load_from_http(url, map_location)
    return load_checkpoint(Path(host._get_mmengine_home(), url), map_location)


@CheckpointLoader.register_scheme(prefixes="mmcls://", force=True)
def load_from_mmcls(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load the backbone of one of MMClassification's weights by name."""
    checkpoint = load_from_http(_look_up(filename, host.get_mmcls_models()), map_location)
    return host._process_mmcls_checkpoint(checkpoint)


@CheckpointLoader.register_scheme(prefixes=[r"(\S+\:)?s3://", r"(\S+\:)?petrel://"], force=True)
def load_from_ceph(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load an object from storage, through mmengine's ``petrel`` backend."""
    backend = get_file_backend(filename, backend_args={"backend": "petrel"})
    return load_pickled(io.BytesIO(backend.get(filename)), filename, map_location)


@CheckpointLoader.register_scheme(prefixes="pavi://", force=True)
def load_from_pavi(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Refuse a service that hands out unchecked files.

    Raises:
        UserError: Always.
    """
    raise UserError(f"checkpoint {filename}: pavi:// is not supported; fetch the file and give its path")


def _look_up(filename: str, urls: dict[str, str]) -> str:
    name = filename.partition("://")[2]
    if name not in urls:
        raise UserError(f"checkpoint {filename}: there is no such model; known are {', '.join(sorted(urls)[:8])}, ...")
    return urls[name]
