"""Shrink the images of a list or a folder before training, keeping the folder tree."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd
from PIL import Image

from kdxf.data.lists import ImageList
from kdxf.data.options import EXTENSION_OF
from kdxf.data.parallel import parallel_map
from kdxf.data.pictures.header import has_alpha, header_of, read_header
from kdxf.data.pictures.reencoding import encode_like, format_of, upright
from kdxf.errors import UserError
from kdxf_runtime.io.files import copy_whole, link_whole, write_whole
from kdxf_runtime.io.images import ImageReadError, decode_image, open_header
from kdxf_runtime.io.unicode_names import find_file
from kdxf_runtime.ocr.quarter_turns import turn_size

# A JPEG may be decoded at 1/2, 1/4 or 1/8 scale as long as it stays this many times as large as the result. The result
# then differs from that of full decoding by less than encoding at quality 95 changes it (48 dB, 3000x4000 to 600).
_SPARE = 1.5


@dataclass(frozen=True)
class Resizing:
    """The settings for resizing each picture.

    Attributes:
        root: The image root.
        out: Root of the results.
        edge: The longer edge in pixels; smaller pictures are not enlarged.
        kind: File format of the results (a key of :data:`~kdxf.data.options.EXTENSION_OF`); None keeps each
            picture's own.
        quality: Of JPEG and WebP, 1 to 100.
        link: Whether to hard-link unchanged pictures; otherwise they are copied.
        overwrite: Whether to make existing complete results again.
        dry_run: Whether to write nothing.
    """

    root: Path
    out: Path
    edge: int = 600
    kind: str | None = None
    quality: int = 90
    link: bool = False
    overwrite: bool = False
    dry_run: bool = False

    def target(self, image: str) -> Path:
        """Return the path of an image's result."""
        path = self.out / image
        return path if self.kind is None else path.with_suffix(EXTENSION_OF[self.kind])


@dataclass(frozen=True)
class Resized:
    """The outcome for one picture.

    Attributes:
        action: ``resized``, ``re-encoded`` (made upright or another format, at its size), ``copied``, ``linked``,
            ``there`` (the result already existed) or ``failed``.
        notes: What could not be kept, or why it failed.
        bytes_read: Size of the file.
        bytes_written: Size of the result.
    """

    action: str
    notes: list[str] = field(default_factory=list)
    bytes_read: int = 0
    bytes_written: int = 0


def resize_image(image: str, job: Resizing, degrees: int = 0) -> Resized:
    """Write the result of one picture; any error in the picture becomes ``failed``.

    Args:
        image: Path relative to ``job.root``.
        job: The settings.
        degrees: 0, 90, 180 or 270, by which it is turned clockwise besides what its EXIF says. The result of a turned
            picture is always made anew: nothing tells whether an earlier one was turned.

    Raises:
        UserError: Hard links are requested and impossible.
    """
    source, target = job.root / image, job.target(image)
    try:
        data = find_file(source).read_bytes()
        header = read_header(data)
    except (ImageReadError, OSError) as error:
        return Resized("failed", [_reason(error)])
    size = _size(header.size, job.edge)
    if not (job.overwrite or degrees) and _is_done(source, target, size):
        return Resized("there", bytes_read=len(data), bytes_written=target.stat().st_size)
    changes = bool(degrees) or header.orientation != 1 or job.kind not in (None, header.kind)
    action = _action(size != header.size, changes, job.link)
    if job.dry_run:
        return Resized(action, bytes_read=len(data))
    if action in ("copied", "linked"):
        _take_over(source, target, job.link)
        return Resized(action, bytes_read=len(data), bytes_written=len(data))
    try:
        encoded, lost = _encode(data, size, job, degrees, shrinks=action == "resized")
    except Exception as error:  # decoders of rare formats raise exceptions of their own
        return Resized("failed", [_reason(error)], len(data))
    write_whole(encoded, target)
    return Resized(action, lost, len(data), len(encoded))


def _size(size: tuple[int, int], edge: int) -> tuple[int, int]:
    scale = edge / max(size)
    return size if scale >= 1 else (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))


def _is_done(source: Path, target: Path, size: tuple[int, int]) -> bool:
    """Return whether the result exists, is not older than the picture, has the right size, and is complete."""
    try:
        if target.stat().st_mtime_ns < source.stat().st_mtime_ns:
            return False
        data = target.read_bytes()
        header = read_header(data)
        if header.size != size or header.orientation != 1:
            return False
        decode_image(data, min_edge=1)
    except (OSError, ImageReadError):
        return False
    return True


def _action(shrinks: bool, changes: bool, link: bool) -> str:
    if shrinks:
        return "resized"
    if changes:
        return "re-encoded"
    return "linked" if link else "copied"


def _take_over(source: Path, target: Path, link: bool) -> None:
    if not link:
        copy_whole(source, target)
        return
    try:
        link_whole(source, target)
    except OSError as error:
        raise UserError(f"--link: {target} cannot be a hard link ({error.strerror}); leave --link out") from error


def _encode(data: bytes, size: tuple[int, int], job: Resizing, degrees: int, shrinks: bool) -> tuple[bytes, list[str]]:
    image = open_header(data)
    header = header_of(image)
    kind = job.kind or format_of(image)
    if not shrinks:
        same = kind == header.kind and not degrees  # the quantization of the original fits its own direction
        return encode_like(upright(image, degrees), data, kind, None if same else job.quality)
    stored = size if header.size == image.size else size[::-1]
    image.draft(None, (round(stored[0] * _SPARE), round(stored[1] * _SPARE)))
    small = _shades(upright(image, degrees)).resize(turn_size(*size, degrees), Image.Resampling.LANCZOS)
    encoded, lost = encode_like(small, data, kind, job.quality)
    return encoded, lost + (["palette"] if "palette" in header.mode and kind != "GIF" else [])


def _shades(image: Image.Image) -> Image.Image:
    """Return pixels whose values may be averaged: no palette, no single bits, no colour that means transparent."""
    if image.mode in ("P", "PA", "RGB", "L") and has_alpha(image):
        return image.convert("RGBA")
    return image.convert({"P": "RGB", "1": "L"}.get(image.mode, image.mode))


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or " ".join(str(error).split())) or type(error).__name__


@dataclass(frozen=True)
class ResizeResult:
    """The outcome of :func:`resize`.

    Attributes:
        frame: The list with the paths of the results; rows whose image failed are left out.
        notes: ``image``, ``action`` and ``note`` for each thing that could not be kept or done.
        actions: The number of images for each action of :class:`~kdxf.data.pictures.resize.Resized`.
        bytes_read: Total size of the images.
        bytes_written: Total size of the results.
    """

    frame: pd.DataFrame
    notes: pd.DataFrame
    actions: Counter[str]
    bytes_read: int
    bytes_written: int


def resize(images: ImageList, job: Resizing, workers: int, turns: Mapping[str, int] | None = None) -> ResizeResult:
    """Shrink every image whose longer edge exceeds ``job.edge``; the input stays as it is.

    A job that was killed resumes where it stopped: results that exist, are complete, have the right size and are not
    older than their image are not made again.

    Args:
        images: The list, or the images of a folder.
        job: The settings.
        workers: Number of processes.
        turns: Degrees, 90, 180 or 270, by which images are turned clockwise; those that it lacks are not
            (:func:`kdxf.data.pictures.turned_table.turns_of`).

    Raises:
        UserError: An option is out of range, a result would replace an image, two images would become one file, or no
            image can be read.
    """
    _check(images, job)
    unique = list(images.frame["image"].drop_duplicates())
    _check_targets(unique, images, job)
    orders = [(image, (turns or {}).get(image, 0)) for image in unique]
    results = list(parallel_map(partial(_resize_order, job=job), orders, workers, "resize"))
    if all(result.action == "failed" for result in results):
        raise UserError(f"{images.source}: no image can be read (first: {results[0].notes[0]}); check --root")
    failed = {image for image, result in zip(unique, results, strict=True) if result.action == "failed"}
    kept = images.frame[~images.frame["image"].isin(failed)]
    renamed = {image: job.target(image).relative_to(job.out).as_posix() for image in unique}
    return ResizeResult(
        kept.assign(image=kept["image"].map(renamed)),
        _notes(unique, results),
        Counter(result.action for result in results),
        sum(result.bytes_read for result in results),
        sum(result.bytes_written for result in results),
    )


def _resize_order(order: tuple[str, int], job: Resizing) -> Resized:
    image, degrees = order
    return resize_image(image, job, degrees)


def format_result(result: ResizeResult) -> str:
    """Format a short table of what was done and what could not be kept."""
    lines = [f"{action:<12}{count:>9}" for action, count in result.actions.most_common()]
    if result.bytes_written:
        lines.append(f"{result.bytes_read / 1e6:.1f} MB became {result.bytes_written / 1e6:.1f} MB")
    for (action, note), group in result.notes.groupby(["action", "note"], sort=False):
        word = "failed" if action == "failed" else "not kept"
        lines.append(f"{word}: {note}: {len(group)} (first: {group['image'].iloc[0]})")
    return "\n".join(lines)


def _check(images: ImageList, job: Resizing) -> None:
    if job.edge < 1:
        raise UserError(f"--edge: must be at least 1 pixel, not {job.edge}")
    if not 1 <= job.quality <= 100:
        raise UserError(f"--quality: lies between 1 and 100, not {job.quality}")
    out, root = job.out.resolve(), images.root.resolve()
    if out == root or (images.source.is_dir() and out.is_relative_to(images.source.resolve())):
        raise UserError(f"{job.out}: lies in the input, which is never changed; choose a folder beside it")


def _check_targets(unique: list[str], images: ImageList, job: Resizing) -> None:
    out = job.out.resolve()
    sources = {images.root.resolve() / image for image in unique}
    source_of: dict[str, str] = {}
    for image in unique:
        if image.startswith("/") or ".." in image.split("/"):
            raise UserError(f"{image}: leads out of the image root; choose a root above it with --root")
        target = job.target(image).relative_to(job.out).as_posix()
        if out / target in sources:
            raise UserError(f"{job.out}: {target} would replace an input; choose another folder")
        if target in source_of:
            raise UserError(f"{source_of[target]} and {image} would both become {target}; rename one of them")
        source_of[target] = image


def _notes(unique: list[str], results: list[Resized]) -> pd.DataFrame:
    rows = [
        (image, result.action, note) for image, result in zip(unique, results, strict=True) for note in result.notes
    ]
    return pd.DataFrame(rows, columns=["image", "action", "note"], dtype="str")
