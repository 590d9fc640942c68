"""What kdxf changes in mmengine for the whole process: files are written whole, checkpoints are loaded safely."""

import hashlib
import io
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import all_gather_object
from mmengine.fileio import LocalBackend, get_file_backend, register_backend
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as host

from kdxf.engine.checkpoint import load_checkpoint, load_pickled
from kdxf.engine.config_options import install_config_options
from kdxf.errors import UserError
from kdxf.io.shipped import PREFIX, shipped_config
from kdxf_runtime.io.files import write_whole


def install_host_overrides() -> None:
    """Make five changes to mmengine that hold for everything in the process, also for code that does not use kdxf.

    - The storage backend ``local``, through which mmengine writes checkpoints and every other file, becomes
      :class:`AtomicLocalBackend`. mmengine's own writes in place: a run that is killed while it saves leaves a torn
      checkpoint, possibly its only one.
    - The loaders in mmengine's table of checkpoint schemes (local paths, ``http(s)://``, ``torchvision://``,
      ``open-mmlab://``, ``mmcls://``, ``s3://``, ``petrel://``, ``pavi://``) become those of this module. mmengine,
      mmcv and MMPretrain read every checkpoint through that table. mmengine's own loaders run code that is hidden in a
      checkpoint; these refuse it (:mod:`kdxf.engine.checkpoint`), and ``pavi://`` altogether.
    - A path ``kdxf::FILE`` in a config's ``_base_`` is that file of kdxf's configs (:mod:`kdxf.io.shipped`), whether
      kdxf is installed or runs from a clone. mmengine does this for OpenMMLab's packages only.
    - ``HistoryBuffer.update``, which is called for each logged number of each step, becomes :func:`update_history`.
      mmengine's own copies the whole history each time.
    - Config files are evaluated with the variables that the command line gives (:mod:`kdxf.engine.config_options`).

    :mod:`kdxf.engine` calls this when it is imported, and with it whatever of kdxf trains, builds models or predicts.
    Further calls change nothing.
    """
    register_backend("local", AtomicLocalBackend, force=True, prefixes="")
    for loader, prefixes in _LOADERS.items():
        CheckpointLoader.register_scheme(prefixes, loader, force=True)
    Config._get_cfg_path = staticmethod(find_base)  # type: ignore[method-assign]
    HistoryBuffer.update = update_history  # type: ignore[method-assign]
    install_config_options()


_find_base = Config._get_cfg_path


def find_base(cfg_path: str, filename: str) -> tuple[str, str | None]:
    """Return the file of a path in ``_base_``, and the scope of its names; None is that of the config itself.

    Raises:
        UserError: It names a config of kdxf that does not exist.
    """
    return (shipped_config(cfg_path), None) if cfg_path.startswith(PREFIX) else _find_base(cfg_path, filename)


def update_history(self: HistoryBuffer, log_val: float, count: float = 1) -> None:
    """Add a number to a history and, beyond its ``max_length``, drop the oldest.

    Args:
        self: The history.
        log_val: The number.
        count: How many numbers it is the sum of.

    Raises:
        TypeError: One of them is no number.
    """
    for name, value in (("log_val", log_val), ("count", count)):
        if not isinstance(value, (int, float)):
            raise TypeError(f"{name} must be int or float, got {type(value).__name__}")
    self._log_history = _appended(self._log_history, log_val)[-self.max_length :]
    self._count_history = _appended(self._count_history, count)[-self.max_length :]


_filled: dict[int, int] = {}  # by the id of an array with room that _appended made: how many of its values are used


def _appended(history: np.ndarray, value: float) -> np.ndarray:
    """Return a history with one more value: a view of an array with room for as many again, which later calls use."""
    room, kind = history.base, np.result_type(history, np.asarray(value))
    end = -1
    if isinstance(room, np.ndarray) and room.dtype == kind:
        first = history.__array_interface__["data"][0] - room.__array_interface__["data"][0]
        end = first // room.itemsize + len(history)
    if (
        not isinstance(room, np.ndarray) or _filled.get(id(room)) != end or end == len(room)
    ):  # none, another's, used by a copy, or full
        end = len(history)
        room = np.empty(max(2 * end, 16), kind)
        room[:end] = history
        weakref.finalize(room, _filled.pop, id(room))
    room[end] = value
    _filled[id(room)] = end + 1
    return room[end - len(history) : end + 1]


class AtomicLocalBackend(LocalBackend):
    """The local disk, where a file appears under its name once it is complete."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes to a file, and create its folder if it is missing."""
        write_whole(obj, Path(filepath))


def load_from_local(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load a local file.

    Raises:
        UserError: As of :func:`~kdxf.engine.checkpoint.load_checkpoint`: it is missing, damaged, or would run code.
    """
    return load_checkpoint(filename, map_location)


def load_from_http(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load a file from the web, kept in torch's hub folder (``$TORCH_HOME``), in a folder named after the whole URL.

    On each machine one process downloads it, so machines need not share that folder.

    Raises:
        UserError: It cannot be fetched, in whatever process; it is damaged, or would run code.
    """
    cached = cached_download(filename)
    error = None
    if int(os.environ.get("LOCAL_RANK", 0)) == 0 and not cached.is_file():
        error = _download(filename, cached)
    failed = [one for one in all_gather_object(error) if one is not None]  # the others wait here, and hear of it
    if failed:
        raise UserError(failed[0])
    return load_checkpoint(cached, map_location)


def cached_download(url: str) -> Path:
    """Return where the file of a URL is kept; files of one name from several places are different files."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:16]
    return Path(torch.hub.get_dir(), "checkpoints", digest, Path(urlparse(url).path).name)


def _download(url: str, target: Path) -> str | None:
    """Download a file; return what is to be said if that fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(target))
    except Exception as error:  # whatever it is, the other processes wait
        return (
            f"checkpoint {url} cannot be fetched ({error}); fetch it elsewhere and put it at {target}, or give a local "
            "path"
        )
    return None


def load_from_torchvision(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load one of torchvision's weights by name, such as ``torchvision://resnet50``.

    Raises:
        UserError: There is no such model, or as of :func:`load_from_http`.
    """
    return load_from_http(_look_up(filename, host.get_torchvision_models()), map_location)


def load_from_openmmlab(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load one of OpenMMLab's weights by name.

    Raises:
        UserError: There is no such model, or as of :func:`load_from_http`.
    """
    renamed = host.get_deprecated_model_names()
    name = filename.partition("://")[2]
    url = _look_up(f"open-mmlab://{renamed.get(name, name)}", host.get_external_models())
    if url.startswith(("http://", "https://")):
        return load_from_http(url, map_location)
    return load_checkpoint(Path(host._get_mmengine_home(), url), map_location)


def load_from_mmcls(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load the backbone of one of MMClassification's weights by name.

    Raises:
        UserError: There is no such model, or as of :func:`load_from_http`.
    """
    checkpoint = load_from_http(_look_up(filename, host.get_mmcls_models()), map_location)
    return host._process_mmcls_checkpoint(checkpoint)


def load_from_ceph(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load an object from storage, through mmengine's ``petrel`` backend.

    Raises:
        UserError: As of :func:`~kdxf.engine.checkpoint.load_pickled`: it is damaged, or would run code.
    """
    backend = get_file_backend(filename, backend_args={"backend": "petrel"})
    return load_pickled(io.BytesIO(backend.get(filename)), filename, map_location)


def load_from_pavi(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Refuse a service that hands out unchecked files.

    Raises:
        UserError: Always.
    """
    raise UserError(f"checkpoint {filename}: pavi:// is not supported; fetch the file and give its path")


_LOADERS: dict[Callable[..., dict[str, Any]], list[str]] = {
    load_from_local: [""],
    load_from_http: ["http://", "https://"],
    load_from_torchvision: ["modelzoo://", "torchvision://"],
    load_from_openmmlab: ["open-mmlab://", "openmmlab://"],
    load_from_mmcls: ["mmcls://"],
    load_from_ceph: [r"(\S+\:)?s3://", r"(\S+\:)?petrel://"],
    load_from_pavi: ["pavi://"],
}


def _look_up(filename: str, urls: dict[str, str]) -> str:
    name = filename.partition("://")[2]
    if name not in urls:
        raise UserError(f"checkpoint {filename}: there is no such model; known are {', '.join(sorted(urls)[:8])}, ...")
    return urls[name]
