"""The fingerprint of a picture for finding its duplicates, and a test whether two small pictures show one photograph.

The second picture is aligned with the first by the affine transform that correlates best (Evangelidis and Psarakis,
Parametric image alignment using enhanced correlation coefficient maximization, 2008). Edits stretch and shift a picture
along its sides; between two photographs the camera has also rotated, and things have moved within the picture.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kdxf_runtime.io.images import ImageReadError, decode_image, open_header
from kdxf_runtime.io.unicode_names import find_file

SIZE = 48
# A watermark or a price may cover this share of the pixels with detail.
_WRITTEN_ON = 0.2
# Rotation and shear of pure crops stay below; a hand-held camera exceeds it.
_MAX_TURN = 0.01
_MAX_STRETCH = 0.2
_MAX_SHIFT = 0.15 * SIZE
# Least correlations of edits: of the aligned pictures, over all pixels.
_HOPELESS = 0.85
_PLAIN_COPY = 0.995
_DETAIL = 8.0  # grey levels between neighbours
_ITERATIONS = 30
_IDENTITY = np.eye(2, 3, dtype=np.float32)
COLOUR_SIZE = 8
# Sides cut off before hashing: the hash of a cropped picture nearly equals one of these.
CROPS = (0.0, 1 / 32, 2 / 32)
DIGEST_BYTES = 16
_HASHED_SIZE = 32
# Area averages of a picture at least this large hardly depend on the scale at which it was decoded.
_MIN_EDGE = 2 * SIZE
# The 64 lowest frequencies, without the mean: (vertical, horizontal), by their sum.
_FREQUENCIES = [(v, total - v) for total in range(1, 12) for v in range(total + 1)][:64]
_ROWS, _COLUMNS = (np.array(axis) for axis in zip(*_FREQUENCIES, strict=True))
_WEIGHTS = np.uint64(1) << np.arange(64, dtype=np.uint64)
# Mirroring flips the sign of the odd horizontal frequencies.
MIRROR_BITS = np.uint64(int(_WEIGHTS[_COLUMNS % 2 == 1].sum()))


@dataclass(frozen=True)
class Fingerprint:
    """The fingerprint of one picture.

    Attributes:
        digest: Digest of the file's bytes; empty if it could not be read.
        width: Width as stored, in pixels.
        height: Height as stored.
        hashes: Perceptual hashes of the picture and of its crops without edges (:data:`CROPS`).
        grey: uint8 (48, 48), the whole picture, scaled without keeping its aspect ratio.
        colour: uint8 (8, 8, 3), BGR.
        error: Why it cannot be read; None if it can.
    """

    digest: bytes
    width: int
    height: int
    hashes: tuple[int, ...]
    grey: np.ndarray
    colour: np.ndarray
    error: str | None


def fingerprint(path: Path) -> Fingerprint:
    """Compute the fingerprint of an image file; a file that cannot be read gives ``error``."""
    try:
        data = find_file(path).read_bytes()
    except OSError as error:
        return _unreadable(b"", f"cannot open the file: {error.strerror or error}")
    digest = hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()
    try:
        picture, (width, height) = decode_image(data, _MIN_EDGE), open_header(data).size
    except ImageReadError as error:
        return _unreadable(digest, str(error))
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    hashes = tuple(perceptual_hash(_without_edges(grey, share)) for share in CROPS)
    return Fingerprint(digest, width, height, hashes, _squeeze(grey, SIZE), _squeeze(picture, COLOUR_SIZE), None)


def perceptual_hash(grey: np.ndarray) -> int:
    """Return 64 bits: the signs of the 64 lowest frequencies of the discrete cosine transform.

    Copies that are scaled, recompressed or brightened differ in few bits.

    Args:
        grey: uint8 (H, W).
    """
    spectrum = cv2.dct(_squeeze(grey, _HASHED_SIZE).astype(np.float32))
    return int(_WEIGHTS[spectrum[_ROWS, _COLUMNS] > 0].sum())


def _squeeze(picture: np.ndarray, size: int) -> np.ndarray:
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)


def _without_edges(grey: np.ndarray, share: float) -> np.ndarray:
    rows, columns = (round(share * edge) for edge in grey.shape)
    return grey[rows : grey.shape[0] - rows, columns : grey.shape[1] - columns]


def _unreadable(digest: bytes, error: str) -> Fingerprint:
    grey = np.zeros((SIZE, SIZE), np.uint8)
    return Fingerprint(digest, 0, 0, (0,) * len(CROPS), grey, np.zeros((COLOUR_SIZE, COLOUR_SIZE, 3), np.uint8), error)


# Pictures of S x S pixels; the limits below were measured at this size.
def same_picture(first: np.ndarray, second: np.ndarray) -> float:
    """Measure how well one picture matches the other.

    Args:
        first: uint8 (S, S), grey.
        second: Likewise.

    Returns:
        Correlation, at most 1, of the detail of both after alignment; 0 if no edit leads from one to the other.
    """
    upright = _agreement(first, second, _IDENTITY)
    if upright > _PLAIN_COPY:
        return upright
    # The search starts from either side, since it may succeed from only one.
    return max(upright, _aligned(first, second), _aligned(second, first))


def _aligned(first: np.ndarray, second: np.ndarray) -> float:
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _ITERATIONS, 1e-4)
    try:
        correlation, warp = cv2.findTransformECC(first, second, _IDENTITY.copy(), cv2.MOTION_AFFINE, criteria, None, 3)
    except cv2.error:  # it did not converge, or a picture is blank
        return 0.0
    turn = max(abs(warp[0, 1]), abs(warp[1, 0]))
    stretch = max(abs(warp[0, 0] - 1), abs(warp[1, 1] - 1))
    shift = np.abs(warp[:, 2]).max()
    if correlation < _HOPELESS or turn > _MAX_TURN or stretch > _MAX_STRETCH or shift > _MAX_SHIFT:
        return 0.0
    return _agreement(first, second, warp)


def _agreement(first: np.ndarray, second: np.ndarray, warp: np.ndarray) -> float:
    """Return the correlation over the pixels with detail, without those that fit worst."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    outside = -1000.0  # below zero wherever a pixel mixes with the outside
    warped = cv2.warpAffine(second.astype(np.float32), warp, first.shape[::-1], flags=flags, borderValue=outside)
    inside = warped >= 0
    detail = inside & (_detail(first) | _detail(np.where(inside, warped, 0).astype(np.uint8)))
    if np.count_nonzero(detail) < SIZE:
        return 0.0
    x, y = first[detail].astype(np.float32), warped[detail]
    slope, offset = _line(x, y)
    error = np.abs(y - slope * x - offset)
    fits = error <= np.partition(error, keep := int((1 - _WRITTEN_ON) * (len(error) - 1)))[keep]
    return _correlation(x[fits], y[fits])


def _detail(picture: np.ndarray) -> np.ndarray:
    kernel = np.ones((3, 3), np.uint8)
    return cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, kernel) > _DETAIL


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Fit a line by least squares: brighter or paler copies lie on one."""
    spread = float(x.var())
    slope = float(((x - x.mean()) * (y - y.mean())).mean()) / spread if spread else 0.0
    return slope, float(y.mean()) - slope * float(x.mean())


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm else 0.0
