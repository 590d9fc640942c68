import hashlib

import cv2
import duplicates_pictures as pictures
import numpy as np
import pytest

from kdxf.data.duplicates import fingerprint as duplicates_alignment
from kdxf.data.duplicates.fingerprint import CROPS, MIRROR_BITS, SIZE, fingerprint, perceptual_hash, same_picture


def test_the_hash_is_the_signs_of_waves():
    """A horizontal wave of k half periods has only the coefficient (0, k)."""
    columns = np.arange(32)
    # Diagonals in order: (0,1), (1,0); (0,2), (1,1), (2,0); so (0,1) is bit 0 and (0,2) bit 2.
    for k, bit in ((1, 0), (2, 2)):
        wave = 128 + 100 * np.cos(np.pi * (columns + 0.5) * k / 32)
        grey = np.broadcast_to(wave, (32, 32)).round().astype(np.uint8)
        assert perceptual_hash(grey) >> bit & 1
        assert not perceptual_hash(255 - grey) >> bit & 1
    assert int(MIRROR_BITS) & 0b111 == 0b001  # (0,1) changes its sign in the mirror, (1,0) and (0,2) do not


def test_a_mirror_image_has_the_turned_bits():
    grey = cv2.cvtColor(pictures.picture(3), cv2.COLOR_BGR2GRAY)
    turned = perceptual_hash(np.ascontiguousarray(grey[:, ::-1]))
    assert (perceptual_hash(grey) ^ turned ^ int(MIRROR_BITS)).bit_count() <= 1


def test_a_fingerprint(tmp_path):
    image = pictures.picture(1)
    pictures.save(tmp_path / "a.jpg", image)
    found = fingerprint(tmp_path / "a.jpg")
    assert found.digest == hashlib.blake2b((tmp_path / "a.jpg").read_bytes(), digest_size=16).digest()
    assert (found.width, found.height, found.error) == (200, 160, None)
    assert found.grey.shape == (48, 48) and found.colour.shape == (8, 8, 3)
    assert len(found.hashes) == len(CROPS)
    pictures.save(tmp_path / "cropped.png", image[10:-10, 12:-12])  # 2/32 of each side
    cropped = fingerprint(tmp_path / "cropped.png")
    distances = [(cropped.hashes[0] ^ own).bit_count() for own in found.hashes]
    assert distances[2] <= 2 < distances[1] < distances[0]


def test_what_cannot_be_read_says_so(tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    found = fingerprint(tmp_path / "text.jpg")
    assert "not a whole picture" in found.error and found.digest and found.width == 0
    cv2.imwrite(str(tmp_path / "strip.png"), np.zeros((4, 404), np.uint8))
    assert fingerprint(tmp_path / "strip.png").error.startswith("404 x 4 px: the longer side is more than 100 times")
    missing = fingerprint(tmp_path / "missing.jpg")
    assert missing.error == "cannot open the file: No such file or directory" and missing.digest == b""


def photograph():
    """A smooth random picture of four times the size."""
    random = np.random.default_rng(4)
    return cv2.resize(
        random.integers(0, 256, (12, 12), dtype=np.uint8), (4 * SIZE, 4 * SIZE), interpolation=cv2.INTER_CUBIC
    )


def small(image):
    return cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def turned(image, degrees):
    centre = (image.shape[1] / 2, image.shape[0] / 2)
    warp = cv2.getRotationMatrix2D(centre, degrees, 1.2)  # so large that no corner is empty
    return cv2.warpAffine(image, warp, image.shape[::-1])


def test_copies_agree_whatever_was_done_to_them():
    image = photograph()
    assert same_picture(small(image), small(image)) == pytest.approx(1)
    paler = (image * 0.8 + 20).astype(np.uint8)
    assert same_picture(small(image), small(paler)) > 0.999
    cropped = image[8:-8, 4:-12]
    assert same_picture(small(image), small(cropped)) > 0.992
    assert same_picture(small(cropped), small(image)) > 0.992
    covered = image.copy()
    covered[60:90, 20:120] = 255  # 8 % of the picture
    assert same_picture(small(image), small(covered)) > 0.992


def test_a_camera_that_turned_took_another_photograph(monkeypatch):
    image = photograph()
    straight, tilted = small(turned(image, 0)), small(turned(image, 4))
    assert same_picture(straight, tilted) < 0.98
    monkeypatch.setattr(duplicates_alignment, "_MAX_TURN", 0.1)  # radians; 4 degrees are 0.07
    assert same_picture(straight, tilted) > 0.992


def test_what_little_there_is_to_see_must_agree():
    """Two products with the same outline on white: most of the picture agrees, but not the relevant part."""
    random = np.random.default_rng(0)
    first, second = (np.full((SIZE, SIZE), 255, np.uint8) for _ in range(2))
    for product in (first, second):
        product[16:32, 16:32] = random.integers(0, 200, (16, 16))
    assert same_picture(first, second) < 0.95


def test_blank_pictures_agree_with_nothing():
    blank = np.full((SIZE, SIZE), 200, np.uint8)
    assert same_picture(blank, blank) == 0
    assert same_picture(blank, small(photograph())) < 0.5
