import numpy as np
import pytest

from kdxf.text.ocr import BaseOCREngine, OCRLine


def test_engine_must_say_how_to_read():
    with pytest.raises(TypeError, match="read"):
        BaseOCREngine()


def test_one_method_makes_an_engine():
    class Corner(BaseOCREngine):
        name = "corner 1"

        def read(self, image):
            return [OCRLine(str(image[0, 0, 0]), 1.0, np.zeros((4, 2), np.float32))]

    assert Corner().read(np.full((1, 1, 3), 7, np.uint8))[0].text == "7"
