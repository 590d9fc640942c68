"""Fixtures that several test files share."""

from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repo() -> Path:
    return REPO


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real photographs and OCR samples that lie beside the repository; never part of it."""
    folder = REPO.parent / "shared"
    if not (folder / "grocery" / "train.txt").is_file():
        pytest.skip("needs the sample photographs in ../shared, which are not here")
    return folder
