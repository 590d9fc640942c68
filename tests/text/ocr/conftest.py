"""Pictures of one colour, and the fake engine on the import path."""

from pathlib import Path

import cv2
import numpy as np
import pytest

COLOURS = {"white": (255, 255, 255), "black": (0, 0, 0), "red": (0, 0, 255), "green": (0, 255, 0)}


@pytest.fixture
def draw():
    """``draw(path, colour, width, height)`` writes a PNG, whatever the characters of its name."""

    def write(path, colour="white", width=6, height=4):
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((height, width, 3), COLOURS[colour], np.uint8)
        path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())

    return write


@pytest.fixture
def fake_engine(monkeypatch):
    """Config of the fake engine; workers import it as the module ``fake_ocr_engine``."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return {"type": "FakeEngine"}
